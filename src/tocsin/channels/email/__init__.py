"""E-mail over SMTP; a message counts as sent when the server has answered 250 to its content."""
