"""Configurations of Prometheus and Alertmanager that fire and resolve within seconds."""

ALERT = "CheckoutDown"

RULES = f"""
groups:
  - name: shop
    rules:
      - alert: {ALERT}
        expr: checkout_up == 0
        for: 0s
        labels: {{severity: critical, team: payments}}
        annotations:
          summary: "Checkout in {{{{ $labels.shop }}}} answers nobody"
"""
"""Fires for each series of the gauge `checkout_up` while it is 0."""


def prometheus_config(scraped: str, notified: str, credentials_file: str = "") -> str:
    """Scrape `scraped` and send alerts to `notified` (host:port), with a bearer key if given."""
    authorization = (
        f"authorization: {{type: Bearer, credentials_file: {credentials_file}}}"
        if credentials_file
        else ""
    )
    return f"""
global:
  scrape_interval: 250ms
  scrape_timeout: 250ms
  evaluation_interval: 250ms
  external_labels: {{cluster: test}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: shop
    static_configs: [{{targets: ["{scraped}"]}}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["{notified}"]}}]
      {authorization}
"""


def alertmanager_config(webhook: str, credentials_file: str = "") -> str:
    """Send every group at once, and each change after a second, to the address `webhook`."""
    http_config = (
        f"http_config: {{authorization: {{type: Bearer, credentials_file: {credentials_file}}}}}"
        if credentials_file
        else ""
    )
    return f"""
route:
  receiver: tocsin
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: tocsin
    webhook_configs:
      - url: {webhook}
        send_resolved: true
        {http_config}
"""
