"""Watches the deposit addresses of customers, and closes an alert after somebody looked at it.

AML_URL=http://127.0.0.1:8000 AML_API_TOKEN=… python examples/exchange/watch.py 0x… 0x…
"""

import sys
import time

from aml_client import AmlClient, WatchRequest

SECONDS = 300


def main(addresses: list[str]) -> str:
    """Says how many alerts were closed. A webhook tells of alerts as they come: `aml.webhooks.add(url)`."""
    with AmlClient() as aml:
        wallets = [
            WatchRequest(chain="ethereum", address=address, reference=f"deposit address {number}")
            for number, address in enumerate(addresses, 1)
        ]
        report = aml.watch(wallets)
        print(f"{report.added} added, {report.unchanged} watched before")
        end = time.monotonic() + SECONDS
        while not (alerts := list(aml.alerts(status="open"))) and time.monotonic() < end:
            time.sleep(0.5)
        for alert in alerts:
            detail = aml.alert(alert.alert_id)
            print(f"Alert {alert.alert_id} of {alert.wallet.address}, {alert.reference}: {alert.sentence}")
            for cause in detail.listed_causes:
                print(f"  {cause.detail}")
            aml.close_alert(alert.alert_id, "confirmed", note="Known since yesterday.")
        for watched in aml.watched_wallets():
            print(f"{watched.wallet.address}: {watched.risk_level}, {watched.score}")
        return f"{len(alerts)} closed"


if __name__ == "__main__":
    print(main(sys.argv[1:]))
