"""Transfers: money that comes, goes, or moves from one account to another, other than by trading.

Each function returns None, or why not, and then nothing has changed. The texts are the venue's where they are
known (§5.9, and what clients have logged); where they are this exchange's own, it says so.

Perpetual money may leave an account as far as `margin.withdrawable` says; a token, as far as no open order
holds it. Whoever gets something for the first time becomes an account by it, for which the sender pays one
USDC.
"""

from __future__ import annotations

from livetrio.exchange.chain.account import Account
from livetrio.exchange.chain.budget import RESERVE_PRICE
from livetrio.exchange.chain.events import AccountChanged
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import Token
from livetrio.exchange.chain.money import (
    USD,
    WEI_PER_USD_UNIT,
    activation_fee,
    give_token,
    invalid_amount,
    note,
    read_amount,
    read_token,
    spend_token,
    spend_usd,
    spot_delta,
    token_text,
    unknown_token,
    usd_text,
)
from livetrio.exchange.chain.sub_accounts import find_sub_account, invalid_sub_account
from livetrio.exchange.chain.units import USD_DECIMALS

WITHDRAW_FEE = USD
"""Taken out of what is withdrawn: of 5 USDC asked for, 4 arrive [seen on mainnet by a client]."""

TO_ITSELF = "Cannot self-transfer."

SPOT = "spot"
PERPS = ""
"""The two places that ``sendAsset`` knows here (§6.6); the venue has more perpetual exchanges."""


# In and out of the exchange.


def deposit(ledger: Ledger, account: Account, usd: int) -> None:
    """Perpetual money comes from outside, millionths of a USD; the account is one from now on."""
    account.exists = True
    account.cash += usd
    note(ledger, account, {"type": "deposit", "usdc": usd_text(usd)})


def deposit_spot(ledger: Ledger, account: Account, token: Token, amount: int) -> None:
    """Some of a token comes from outside, in its smallest unit; the account is one from now on."""
    account.exists = True
    give_token(ledger, account, token, amount)
    text = token_text(token, amount)
    note(ledger, account, {"type": "spotGenesis", "token": token.name, "amount": text})


def withdraw(ledger: Ledger, account: Account, destination: str, amount: str, nonce: int) -> str | None:
    """Perpetual money leaves the exchange; where to is not looked at."""
    usd = read_amount(amount, USD_DECIMALS)
    if usd is None or usd <= WITHDRAW_FEE:
        return f"Invalid withdrawal of {amount} to {destination.lower()}"  # the text is ours
    sent = usd - WITHDRAW_FEE
    fault = spend_usd(ledger, account, sent, WITHDRAW_FEE)
    if fault is not None:
        return fault
    fee = usd_text(WITHDRAW_FEE)
    note(ledger, account, {"type": "withdraw", "usdc": usd_text(sent), "nonce": nonce, "fee": fee})
    return None


# To others.


def usd_send(ledger: Ledger, account: Account, destination: str, amount: str) -> str | None:
    """Perpetual money goes to another account."""
    usd = read_amount(amount, USD_DECIMALS)
    if usd is None:
        return invalid_amount(amount)
    found = ledger.find(destination)
    if found is account:
        return TO_ITSELF
    fee = activation_fee(found)
    fault = spend_usd(ledger, account, usd, fee)
    if fault is not None:
        return fault
    receiver = ledger.account(destination)
    receiver.cash += usd
    receiver.exists = True
    delta = {
        "type": "internalTransfer",
        "usdc": usd_text(usd),
        "user": account.address,
        "destination": receiver.address,
        "fee": usd_text(fee),
    }
    note(ledger, account, delta)
    note(ledger, receiver, delta)
    return None


def spot_send(ledger: Ledger, account: Account, destination: str, token: str, amount: str) -> str | None:
    """A token goes to another account; ``token`` as ``NAME:0xID`` (§6.6)."""
    kind = read_token(ledger, token)
    if kind is None:
        return unknown_token(token)
    wei = read_amount(amount, kind.wei_decimals)
    if wei is None:
        return invalid_amount(amount)
    found = ledger.find(destination)
    if found is account:
        return TO_ITSELF
    fee = activation_fee(found)
    fault = spend_token(ledger, account, kind, wei, fee)
    if fault is not None:
        return fault
    receiver = ledger.account(destination)
    receiver.exists = True
    give_token(ledger, receiver, kind, wei)
    delta = spot_delta(ledger, account, receiver, kind, wei, fee)
    note(ledger, account, delta)
    note(ledger, receiver, delta)
    return None


def send_asset(
    ledger: Ledger,
    account: Account,
    destination: str,
    source_dex: str,
    destination_dex: str,
    token: str,
    amount: str,
    from_sub_account: str = "",
    nonce: int = 0,
) -> str | None:
    """A token goes from one place of an account to one of the same or another account.

    Args:
      ledger: the state.
      account: whose key signed.
      destination: an address.
      source_dex: ``spot``, or nothing for the perpetual money.
      destination_dex: as the source.
      token: ``NAME:0xID``; of perpetual money, USDC.
      amount: in whole tokens.
      from_sub_account: of which sub-account, if any.
      nonce: told in the news.
    """
    sender = _own(ledger, account, from_sub_account)
    if sender is None:
        return invalid_sub_account(from_sub_account, destination)
    kind = read_token(ledger, token)
    if kind is None:
        return unknown_token(token)
    wei = read_amount(amount, kind.wei_decimals)
    fault = _places_fault(ledger, source_dex, destination_dex, kind, wei)
    if wei is None or fault is not None:
        return fault or invalid_amount(amount)
    found = ledger.find(destination)
    if found is sender and source_dex == destination_dex:
        return TO_ITSELF
    fee = activation_fee(found)
    if source_dex == SPOT:
        fault = spend_token(ledger, sender, kind, wei, fee)
    else:
        fault = spend_usd(ledger, sender, wei // WEI_PER_USD_UNIT, fee)
    if fault is not None:
        return fault
    receiver = ledger.account(destination)
    receiver.exists = True
    if destination_dex == SPOT:
        give_token(ledger, receiver, kind, wei)
    else:
        receiver.cash += wei // WEI_PER_USD_UNIT
    delta = {
        **spot_delta(ledger, sender, receiver, kind, wei, fee),
        "type": "send",
        "sourceDex": source_dex,
        "destinationDex": destination_dex,
        "nativeTokenFee": "0.0",
        "nonce": nonce,
        "feeToken": ledger.listing.usdc.name,
    }
    note(ledger, sender, delta)
    if receiver is not sender:
        note(ledger, receiver, delta)
    return None


def _places_fault(ledger: Ledger, source: str, destination: str, token: Token, wei: int | None) -> str | None:
    """Why a token cannot go from one place to another."""
    for place in (source, destination):
        if place not in (SPOT, PERPS):
            return f"Unknown perp dex: {place}"  # the text is ours
    if PERPS in (source, destination):
        if token is not ledger.listing.usdc:  # the sentence of the docs page *exchange-endpoint*, 2026-08-22
            return "Only the collateral token can be transferred to or from a perp DEX."
        if wei is not None and wei % WEI_PER_USD_UNIT:
            return invalid_amount(token_text(token, wei))
    return None


# Within an account.


def usd_class_transfer(ledger: Ledger, account: Account, amount: str, *, to_perp: bool) -> str | None:
    """USDC between the perpetual and the spot money of an account.

    The amount may end in `` subaccount:0x…``: then it is that account's money (§6.6).
    """
    number, _, address = amount.partition(" subaccount:")
    owner = _own(ledger, account, address)
    if owner is None:
        return invalid_sub_account(account.address, address)
    usd = read_amount(number, USD_DECIMALS)
    if usd is None:
        return invalid_amount(amount)
    usdc, wei = ledger.listing.usdc, usd * WEI_PER_USD_UNIT
    fault = spend_token(ledger, owner, usdc, wei) if to_perp else spend_usd(ledger, owner, usd)
    if fault is not None:
        return fault
    if to_perp:
        owner.cash += usd
    else:
        give_token(ledger, owner, usdc, wei)
    note(ledger, owner, {"type": "accountClassTransfer", "usdc": usd_text(usd), "toPerp": to_perp})
    return None


def reserve_request_weight(
    ledger: Ledger, account: Account, weight: int, destination: str | None = None
) -> str | None:
    """Buy actions for an account's budget, one's own or another's, with perpetual money (§1.3)."""
    receiver = account if destination is None else ledger.find(destination)
    if receiver is None or not receiver.exists:
        return f"Unknown destination: {destination}"  # the text is ours
    price = weight * RESERVE_PRICE
    fault = spend_usd(ledger, account, price)
    if fault is not None:
        return fault
    ledger.treasury.cash += price
    receiver.requests_bought += weight
    ledger.events.append(AccountChanged(receiver, ledger.time))
    return None


def _own(ledger: Ledger, account: Account, sub_account: str) -> Account | None:
    """The account itself, or the sub-account of it that is named."""
    return find_sub_account(ledger, account, sub_account) if sub_account else account


# What changes nothing.


def set_referrer(ledger: Ledger, account: Account, code: str) -> str | None:
    """Name who brought one here. Nobody has a code on this exchange; of unknown ones the venue says this."""
    return "Referral code not registered"


def noop(ledger: Ledger, account: Account) -> str | None:
    """Nothing; the nonce is used up, and that is the purpose."""
    return None
