"""The environment: nonsense is refused with a hint, and secrets are not shown."""

from pathlib import Path

import pytest

from tocsin.settings import BadSettings, data_directory, named_secret, read_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOCSIN_DATA", "TOCSIN_SERVER", "TOCSIN_KEY", "TOCSIN_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_needs_to_be_set() -> None:
    settings = read_settings()
    assert settings.database_url == ""
    assert settings.log_level == "info"


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("TOCSIN_LOG_LEVEL", "loud", "TOCSIN_LOG_LEVEL: must be debug, info, warning or error"),
        ("TOCSIN_LOG_FORMAT", "xml", "TOCSIN_LOG_FORMAT: must be auto, json or text"),
        ("TOCSIN_SRVER", "http://x", r"did you mean TOCSIN_SERVER\?"),
        ("TOCSIN_BASE_URL", "tocsin.example.org", "http"),
        ("TOCSIN_DATABASE_URL", "mysql://host/db", "postgresql://"),
        ("TOCSIN_PROXIES", "10.0.0.1, everybody", "10.1.0.0/24"),
        ("TOCSIN_SMTP_URL", "mail.example.org", "smtp://user:password@host:587"),
        ("TOCSIN_DEBUG", "perhaps", "must be true or false"),
    ],
)
def test_nonsense_is_refused_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings, match=hint):
        read_settings()


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_LOG_LEVEL", "loud")
    monkeypatch.setenv("TOCSIN_BASE_URL", "nowhere")
    monkeypatch.setenv("TOCSIN_LOGLEVEL", "info")
    with pytest.raises(BadSettings) as refused:
        read_settings()
    text = str(refused.value)
    assert "TOCSIN_LOG_LEVEL" in text
    assert "TOCSIN_BASE_URL" in text
    assert "TOCSIN_LOGLEVEL is no setting" in text


def test_secrets_do_not_show_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SMTP_URL", "mail://user:hunter2@host")
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "mysql://user:hunter2@host/db")
    with pytest.raises(BadSettings) as refused:
        read_settings()
    assert "hunter2" not in str(refused.value)
    monkeypatch.setenv("TOCSIN_SMTP_URL", "smtp://user:hunter2@host")
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://host/db")
    monkeypatch.setenv("TOCSIN_KEY", "hunter2")
    assert "hunter2" not in repr(read_settings())


def test_a_named_secret_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_URL", "https://hooks.example.org/x")
    assert named_secret("env:HOOK_URL") == "https://hooks.example.org/x"
    assert named_secret("https://plain.example.org") == "https://plain.example.org"
    with pytest.raises(BadSettings, match="HOOK_UR"):
        named_secret("env:HOOK_UR")


def test_the_data_directory_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    settings = read_settings()
    assert data_directory(Path("/wanted"), settings) == Path("/wanted")
    assert data_directory(None, settings) == tmp_path / "xdg" / "tocsin"
    (tmp_path / "tocsin-data").mkdir()
    assert data_directory(None, settings) == Path("tocsin-data")
    monkeypatch.setenv("TOCSIN_DATA", "/set")
    assert data_directory(None, read_settings()) == Path("/set")


def test_an_identity_provider_needs_all_that_belongs_to_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOCSIN_OIDC_ISSUER", "https://id.example.org")
    monkeypatch.setenv("TOCSIN_OIDC_CLIENT_SECRET", "hush")
    with pytest.raises(BadSettings, match="TOCSIN_OIDC_CLIENT_ID: is missing") as refused:
        read_settings()
    assert "hush" not in str(refused.value)
    monkeypatch.setenv("TOCSIN_OIDC_CLIENT_ID", "tocsin")
    assert read_settings().oidc_client_secret.get_secret_value() == "hush"


@pytest.mark.parametrize(
    ("issuer", "is_good"),
    [
        ("https://id.example.org/realms/main", True),
        ("http://localhost:8081", True),
        ("http://127.0.0.1:8081", True),
        ("http://id.example.org", False),
        ("http://localhost.evil.example", False),
        ("id.example.org", False),
    ],
)
def test_an_identity_provider_is_asked_over_https(
    monkeypatch: pytest.MonkeyPatch, issuer: str, is_good: bool
) -> None:
    monkeypatch.setenv("TOCSIN_OIDC_CLIENT_ID", "tocsin")
    monkeypatch.setenv("TOCSIN_OIDC_CLIENT_SECRET", "hush")
    monkeypatch.setenv("TOCSIN_OIDC_ISSUER", issuer)
    if is_good:
        assert read_settings().oidc_issuer == issuer
    else:
        with pytest.raises(BadSettings, match="must begin with https://"):
            read_settings()
