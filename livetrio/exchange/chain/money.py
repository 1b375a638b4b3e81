"""Money: the small steps of which transfers are made, and how the wire tells of them."""

from __future__ import annotations

import re
from typing import Any

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.events import LedgerUpdate
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Token
from livetrio.exchange.chain.margin import withdrawable
from livetrio.exchange.chain.units import USD_DECIMALS, NotANumber, TooFine, format_units, parse_units

USD: int = 10**USD_DECIMALS

_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]*[1-9])?)(?:\.?0+)?", re.ASCII)
"""A number, and the zeros behind it that say nothing."""

WEI_PER_USD_UNIT = 100
"""USDC has eight decimals as a token, and six as perpetual money."""

ACTIVATION_FEE = USD
"""What a sender pays whose receiver becomes an account by it (docs page *activation-gas-fee*, 2026-08-22)."""

TOO_MUCH_USD = "Insufficient balance for withdrawal."
TOO_MUCH_TOKEN = "Insufficient balance for token transfer"
NO_GAS = "Insufficient USDC balance for token transfer gas"


# What leaves an account, and what comes to it.


def spend_usd(ledger: Ledger, account: Account, usd: int, fee: int = 0) -> str | None:
    """Take perpetual money from an account, and a fee for the treasury; or the text of why not."""
    if usd <= 0:
        return invalid_amount(usd_text(usd))
    if usd + fee > withdrawable(ledger, account):
        return TOO_MUCH_USD
    account.cash -= usd + fee
    ledger.treasury.cash += fee
    return None


def spend_token(ledger: Ledger, account: Account, token: Token, wei: int, fee: int = 0) -> str | None:
    """Take a token from an account, and a fee in USDC for the treasury; or the text of why not.

    Args:
      ledger: the state.
      account: whose spot balances they are.
      token: which.
      wei: in its smallest unit.
      fee: in millionths of a USD.
    """
    usdc, gas = ledger.listing.usdc, fee * WEI_PER_USD_UNIT
    if wei > free_balance(account, token):
        return TOO_MUCH_TOKEN
    if gas and gas > free_balance(account, usdc) - (wei if token is usdc else 0):
        return NO_GAS
    _add(account, token, -wei)
    _add(account, usdc, -gas)
    _add(ledger.treasury, usdc, gas)
    return None


def give_token(ledger: Ledger, account: Account, token: Token, wei: int) -> None:
    """A token comes to an account: as if bought at the mark (docs page *entry-price-and-pnl*, 2026-08-22)."""
    _add(account, token, wei)
    if token is not ledger.listing.usdc:
        entry = account.entry_ntls.get(token.index, 0)
        account.entry_ntls[token.index] = entry + usdc_value(ledger, token, wei)


def free_balance(account: Account, token: Token) -> int:
    """What no open order holds."""
    return account.balances.get(token.index, 0) - account.holds.get(token.index, 0)


def activation_fee(receiver: Account | None) -> int:
    """What it costs to send something to an address."""
    return 0 if receiver is not None and receiver.exists else ACTIVATION_FEE


def _add(account: Account, token: Token, wei: int) -> None:
    """Change a balance; the part of it that leaves takes its share of the entry cost along."""
    had = account.balances.get(token.index, 0)
    if wei < 0 and token.index in account.entry_ntls:
        account.entry_ntls[token.index] -= account.entry_ntls[token.index] * -wei // had
    if wei:
        account.balances[token.index] = had + wei


# What the wire says.


def read_amount(text: str, decimals: int) -> int | None:
    """A positive number in the units of ``10**-decimals``; None if it is none, or too fine.

    Trailing zeros are nothing to refuse here, for the SDK writes ``5.0`` of a float (its ``exchange.py``,
    0.24.0), while of prices and sizes it takes them off.
    """
    match = _AMOUNT.fullmatch(text)
    try:
        return parse_units(match[1] if match else text, decimals) or None
    except (NotANumber, TooFine):
        return None


def read_token(ledger: Ledger, text: str) -> Token | None:
    """The token of ``NAME:0xID`` (§6.6)."""
    name, _, token_id = text.partition(":")
    for token in ledger.listing.tokens:
        if token.name == name and token.token_id == token_id.lower():
            return token
    return None


def usd_text(usd: int) -> str:
    """Perpetual money as the wire has it."""
    return format_units(usd, USD_DECIMALS)


def token_text(token: Token, wei: int) -> str:
    """An amount of a token as the wire has it."""
    return format_units(wei, token.wei_decimals)


def usdc_value(ledger: Ledger, token: Token, wei: int) -> int:
    """What so much of a token is worth at the mark of its pair with USDC, in the smallest unit of USDC.

    Nothing, where there is no such pair.
    """
    usdc = ledger.listing.usdc
    if token is usdc:
        return wei
    for pair in ledger.listing.spots:
        if pair.base is token and pair.quote is usdc:
            shift = 10 ** (token.wei_decimals + pair.px_decimals - usdc.wei_decimals)
            return int(wei * ledger.marks[pair.asset] // shift)
    return 0


def invalid_amount(text: str) -> str:
    """What is answered to something that is no amount of money. The text is this exchange's own."""
    return f"Invalid amount: {text}"


def unknown_token(text: str) -> str:
    """What is answered to the name of a token that there is not. The text is this exchange's own."""
    return f"Unknown token: {text}"


def spot_delta(
    ledger: Ledger, giver: Account, taker: Account, token: Token, wei: int, fee: int
) -> dict[str, Any]:
    """The news of a token that went from one account to another; the fee in millionths of a USD."""
    return {
        "type": "spotTransfer",
        "token": token.name,
        "amount": token_text(token, wei),
        "usdcValue": token_text(ledger.listing.usdc, usdc_value(ledger, token, wei)),
        "user": giver.address,
        "destination": taker.address,
        "fee": usd_text(fee),
    }


def note(ledger: Ledger, account: Account, delta: dict[str, Any]) -> None:
    """Tell an account of money that moved, and keep it in mind; ``delta`` as the wire has it (§2.5)."""
    if account.is_house:
        return  # nobody listens
    update = LedgerUpdate(account, delta, ledger.time, ledger.tx)
    account.ledger.append(update)
    ledger.events.append(update)
