"""`tocsin render`: the plan as a document for people."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.files import load_together, open_text, refused
from tocsin.cli.output import tell
from tocsin.cli.trouble import NO, Trouble
from tocsin.core.plan.citations import citations
from tocsin.core.plan.read import read
from tocsin.core.rendered.document import outline_of
from tocsin.core.rendered.html import drawing, write_html
from tocsin.core.rendered.markdown import write_markdown
from tocsin.core.rendered.outline import Outline
from tocsin.core.rendered.style import COLOURS, PICTURE_STYLE

app = make_app()

EXAMPLES = """
tocsin render plan.yaml > plan.md
tocsin render plan.yaml --format html -o plan.html
tocsin render plan.yaml --org org.yaml -o docs/plan.md
"""


@app.command(cls=Command, epilog=EXAMPLES)
def render(
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="The plan file.")],
    form: Annotated[
        Literal["markdown", "html"] | None,
        typer.Option(
            "--format",
            help="`markdown` or `html`; else by the ending of the file, else markdown.",
            metavar="FORMAT",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where to write it; else it is printed."
        ),
    ] = None,
    org: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Who is there: names and contacts of all recipients."),
    ] = None,
) -> None:
    """Write the plan as a document for people, as Markdown or HTML.

    The HTML is one file that needs nothing else. Beside a Markdown file its pictures are written
    as SVG files; when it is printed they are left out, since tables say the same.
    """
    file = open_text(plan_file)
    plan, problems = read(file.content, file.name)
    if plan is None:
        raise refused(problems, [file], f"tocsin check {file.name}")
    organisation = load_together(plan, org) if org is not None else None
    outline = outline_of(
        plan,
        organisation=organisation,
        cited=citations(file.content, file.name),
        problems=problems,
    )
    wanted = form or ("html" if output is not None and output.suffix in (".html", ".htm") else "")
    if output is None:
        print(write_html(outline) if wanted == "html" else write_markdown(outline), end="")
        return
    _write(outline, output, as_html=wanted == "html")


def _write(outline: Outline, output: Path, *, as_html: bool) -> None:
    texts: dict[Path, str] = {}
    if as_html:
        texts[output] = write_html(outline)
    else:
        # Two documents in one folder must not take each other's pictures.
        names = {picture.name: f"{output.stem}-{picture.name}" for picture in outline.pictures()}
        texts[output] = write_markdown(outline, names)
        style = COLOURS + PICTURE_STYLE
        for picture in outline.pictures():
            texts[output.with_name(names[picture.name])] = drawing(picture, style) + "\n"
    try:
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Trouble(
            f"{output} cannot be written: {reason}", "Name a file in a folder that is there.", NO
        ) from None
    for path in texts:
        tell(f"wrote {path}")
