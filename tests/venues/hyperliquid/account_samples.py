"""What the venue says of an account: captured where it says so, else by its docs."""

from __future__ import annotations

import json

from order_samples import LISTING
from test_hyperliquid_samples import NOW

from livetrio.venues.hyperliquid.account_decode import SUBSCRIPTIONS, AccountCodec

USER = "0x7099000000000000000000000000000000079c88"
OURS = "0x6c74010203a1b2c30000070000010000"
"""A client order id of ours; also the cloid of its first revision."""
OURS_3 = OURS[:-4] + "0003"
"""The cloid of its third modification."""
FOREIGN = "0xa1f0cddc17303d07f3fd128d5b35071d"

# Captured on testnet, 2026-07-28: an order is placed, and canceled 1.5 s later.
OPENED = (
    b'{"channel":"orderUpdates","data":[{"order":{"coin":"BTC","side":"B","limitPx":"31795.0","sz":"0.00037",'
    b'"oid":57118842019,"timestamp":1785261289146,"origSz":"0.00037","cloid":"0xa1f0cddc17303d07f3fd128d5b35071d"},'
    b'"status":"open","statusTimestamp":1785261289146}]}'
)
CANCELED = OPENED.replace(
    b'"open","statusTimestamp":1785261289146', b'"canceled","statusTimestamp":1785261290665'
)

# Captured on mainnet, 2026-07-25.
USER_EVENT = (
    b'{"channel":"user","data":{"fills":[{"coin":"BTC","px":"64007.0","sz":"0.00018","side":"A",'
    b'"time":1784976932073,"startPosition":"-50.81882","dir":"Open Short","closedPnl":"0.0",'
    b'"hash":"0x0000000000000000000000000000000000000000000000000000000000000000","oid":502464503020,'
    b'"crossed":false,"fee":"0.000829","tid":351400627290190,"feeToken":"USDC","twapId":null}]}}'
)
FILL = json.loads(USER_EVENT)["data"]["fills"][0]
"""The same by itself; ``userFills`` has it alike."""

SNAPSHOT = b'{"channel":"userFills","data":{"isSnapshot":true,"user":"%s","fills":[]}}' % USER.encode()
"""Captured on testnet, 2026-07-28: it comes even when empty."""

ORDER = json.loads(OPENED)["data"][0]["order"]

FRONTEND_ORDER = {
    **ORDER,
    "triggerCondition": "N/A",
    "isTrigger": False,
    "triggerPx": "0.0",
    "children": [],
    "isPositionTpsl": False,
    "reduceOnly": False,
    "orderType": "Limit",
    "tif": "Gtc",
}

FUNDING = {
    "time": 1785261600076,
    "coin": "ETH",
    "usdc": "-3.625312",
    "szi": "49.1477",
    "fundingRate": "0.0000417",
    "nSamples": None,
}


def frame(channel, data):
    """A frame of the stream."""
    return json.dumps({"channel": channel, "data": data}).encode()


def fills_frame(*fills, **more):
    """A frame of ``userFills``; each fill is the captured one, but for what is given."""
    return frame("userFills", {"user": USER, "fills": [{**FILL, **each} for each in fills], **more})


def order_frame(*updates):
    """A frame of ``orderUpdates``: (status, what differs from the captured order) each."""
    return frame(
        "orderUpdates",
        [
            {"order": {**ORDER, **given}, "status": status, "statusTimestamp": 1785261289146 + number}
            for number, (status, given) in enumerate(updates)
        ],
    )


def ack(kind, user=USER):
    """The venue has taken a subscription; the echo has more in it than was asked for."""
    subscription = {"type": kind, "user": user, "aggregateByTime": False}
    return frame("subscriptionResponse", {"method": "subscribe", "subscription": subscription})


def account_codec():
    """A codec of a session that has just begun."""
    return AccountCodec(LISTING, USER)


def ready_codec():
    """A codec that knows all to be confirmed."""
    codec = account_codec()
    for each in [*map(ack, SUBSCRIPTIONS), SNAPSHOT]:
        codec.decode(each, NOW)
    return codec
