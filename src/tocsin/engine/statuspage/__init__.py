"""The status page's verbs: record, show, tell subscribers, plan maintenance."""
