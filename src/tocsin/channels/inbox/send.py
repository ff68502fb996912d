"""The inbox as a channel."""

from tocsin.core.delivery import Message, Sent, Shown


class Inbox:
    """Shows deliveries inside Tocsin.

    Nothing leaves the process: the engine has stored the delivery before it calls `send`, and
    that record is what the person reads. So there is nothing here that could fail.
    """

    name = "inbox"
    domain = "local"
    bundles = False

    def problem_with(self, address: str) -> str | None:
        """Accept any address: the inbox belongs to the person, whatever stands there."""
        return None

    def send(self, address: str, message: Message) -> Sent:
        """Report success; the stored delivery is the entry."""
        return Sent()

    def preview(self, message: Message) -> tuple[Shown, ...]:
        """Return what stands in the inbox: the message's subject, and its own words."""
        return (Shown("subject", message.subject), Shown("text", message.text or message.why))
