"""Settlement: what a match does to the two accounts it joins. Whole numbers, nothing lost, nothing made.

For both kinds of instrument the money that one side pays is what the other receives; fees go to the treasury
and to builders, so the sum over all accounts stays as it was. Fees are rounded towards zero, to a millionth
of a USD for perpetuals (a captured fill: 11.52126 USD at a maker's 0.0072 % cost 0.000829, §2.5) and to the
token's smallest unit for spot.

The part of a position that is closed leaves at its share of the entry cost, rounded down; the rest keeps what
is left, so that the realized PnL of a position that is closed in many parts is what closing it at once gives.
"""

from __future__ import annotations

from livetrio.exchange.chain.account import Account, Position
from livetrio.exchange.chain.events import Fill, PublicTrade
from livetrio.exchange.chain.ledger import Ledger, trade_id
from livetrio.exchange.chain.listing import Perp, SpotPair
from livetrio.exchange.chain.order import Builder, Order, Status
from livetrio.exchange.chain.reserves import reserve
from livetrio.exchange.chain.units import RATE

_SPOT_TO_USD = 100
"""Units of a pair's price × size in a millionth of a USD, if the quote token is worth one."""

_TENTHS_OF_BPS = 100_000


def settle(ledger: Ledger, taker: Order, maker: Order, sz: int) -> None:
    """Match so many lots of two orders at the resting one's price: book, accounts, news."""
    instrument = maker.instrument
    px = maker.px
    ledger.books[instrument.asset].reduce(maker, sz)
    reserve(maker, -sz)
    taker.sz -= sz
    buyer, seller = (taker, maker) if taker.is_buy else (maker, taker)
    tid = trade_id(buyer.oid, seller.oid)
    ledger.lasts[instrument.asset] = px
    ledger.traded.add(instrument.asset)
    ledger.events.append(
        PublicTrade(
            instrument,
            taker.is_buy,
            px,
            sz,
            ledger.time,
            tid,
            ledger.tx,
            buyer.account.address,
            seller.account.address,
        )
    )
    if isinstance(instrument, Perp):
        _fill_perp(ledger, instrument, taker, px, sz, tid, is_taker=True)
        _fill_perp(ledger, instrument, maker, px, sz, tid, is_taker=False)
    else:
        _fill_spot(ledger, instrument, taker, px, sz, tid, is_taker=True)
        _fill_spot(ledger, instrument, maker, px, sz, tid, is_taker=False)


def _fill_perp(
    ledger: Ledger, perp: Perp, order: Order, px: int, sz: int, tid: int, *, is_taker: bool
) -> None:
    account = order.account
    position = account.position(perp.asset)
    start = position.szi
    if start == 0:
        position.is_cross = ledger.leverage(account, perp.asset).is_cross
        if not account.is_house:
            ledger.holders[perp.asset][account.address] = account
    closed_pnl = change_position(ledger, account, position, perp, sz if order.is_buy else -sz, px)
    if account.is_house:
        return
    ntl = px * sz
    fee = _share(ntl, account.perp_taker_rate if is_taker else account.perp_maker_rate)
    account.volume += ntl
    account.cash -= fee
    ledger.treasury.cash += fee
    builder_fee = 0
    if order.builder is not None:
        builder_fee = ntl * order.builder.tenths_of_bps // _TENTHS_OF_BPS
        account.cash -= builder_fee
        _builder_account(ledger, order.builder).cash += builder_fee
    _note(
        ledger, order, px, sz, tid,
        is_taker=is_taker, start_position=start, closed_pnl=closed_pnl, fee=fee + builder_fee,
        builder_fee=builder_fee, fee_token=0, dir=_perp_dir(ledger, account, position, start),
    )  # fmt: skip


def change_position(
    ledger: Ledger, account: Account, position: Position, perp: Perp, signed: int, px: int
) -> int:
    """Change a position and its cash; the realized PnL."""
    start = position.szi
    ntl = signed * px
    size, length = abs(signed), abs(start)
    closed_pnl = 0
    if start * signed >= 0:
        closing, opening = 0, size
        position.entry_ntl += abs(ntl)
    else:
        closing = min(size, length)
        opening = size - closing
        cost = position.entry_ntl * closing // length
        proceeds = closing * px
        closed_pnl = proceeds - cost if start > 0 else cost - proceeds
        position.entry_ntl += opening * px - cost
    position.szi = start + signed
    _count_open_interest(ledger, perp, start, position.szi)
    if position.is_cross:
        account.cash -= ntl
    else:
        _trade_isolated(ledger, account, position, perp, start, ntl, closing, opening, px)
    if opening:
        position.funding_since_change = 0
        if opening == abs(position.szi):
            position.funding_since_open = 0
    return closed_pnl


def _trade_isolated(
    ledger: Ledger,
    account: Account,
    position: Position,
    perp: Perp,
    start: int,
    ntl: int,
    closing: int,
    opening: int,
    px: int,
) -> None:
    """An isolated position: its gains are its own until it is closed, what it needs is set apart for it."""
    if closing:
        equity = position.cash + start * px
        released = equity * closing // abs(start)
        position.cash -= released
        account.cash += released
    position.cash -= ntl
    if opening:
        leverage = ledger.leverage(account, perp.asset).value
        margin = -(-opening * px // leverage)
        position.cash += margin
        account.cash -= margin
    if position.szi == 0:
        account.cash += position.cash
        position.cash = 0


def _count_open_interest(ledger: Ledger, perp: Perp, before: int, after: int) -> None:
    ledger.open_interest[perp.asset] += max(after, 0) - max(before, 0)


def _perp_dir(ledger: Ledger, account: Account, position: Position, start: int) -> str:
    """The label of a fill; as the venue's for those it is known of (§2.5)."""
    end = position.szi
    if ledger.liquidating is account:
        kind = "Cross" if position.is_cross else "Isolated"
        return f"Liquidated {kind} {'Long' if start > 0 else 'Short'}"
    if start > 0:
        return "Long > Short" if end < 0 else "Close Long" if end < start else "Open Long"
    if start < 0:
        return "Short > Long" if end > 0 else "Close Short" if end > start else "Open Short"
    return "Open Long" if end > 0 else "Open Short"


def _fill_spot(
    ledger: Ledger, pair: SpotPair, order: Order, px: int, sz: int, tid: int, *, is_taker: bool
) -> None:
    account = order.account
    balances = account.balances
    base, quote = pair.base.index, pair.quote.index
    lots, money = sz * pair.base_scale, px * sz * pair.quote_scale
    had = balances.get(base, 0)
    rate = account.spot_taker_rate if is_taker else account.spot_maker_rate
    if account.is_house:
        rate = 0
    closed_pnl = 0
    if order.is_buy:
        fee, token = _share(lots, rate), base
        balances[quote] = balances.get(quote, 0) - money
        balances[base] = had + lots - fee
        account.entry_ntls[base] = account.entry_ntls.get(base, 0) + money
    else:
        fee, token = _share(money, rate), quote
        balances[quote] = balances.get(quote, 0) + money - fee
        balances[base] = had - lots
        entry = account.entry_ntls.get(base, 0)
        cost = entry * min(lots, had) // had if had > 0 else 0
        account.entry_ntls[base] = entry - cost
        closed_pnl = (money - cost) // pair.quote_scale
    ledger.treasury.balances[token] = ledger.treasury.balances.get(token, 0) + fee
    if account.is_house:
        return
    builder_fee = 0
    if order.builder is not None:
        builder_fee = (lots if order.is_buy else money) * order.builder.tenths_of_bps // _TENTHS_OF_BPS
        balances[token] -= builder_fee
        builder = _builder_account(ledger, order.builder)
        builder.balances[token] = builder.balances.get(token, 0) + builder_fee
    account.volume += px * sz // _SPOT_TO_USD
    _note(
        ledger, order, px, sz, tid,
        is_taker=is_taker, start_position=had, closed_pnl=closed_pnl, fee=fee + builder_fee,
        builder_fee=builder_fee, fee_token=token, dir="Buy" if order.is_buy else "Sell",
    )  # fmt: skip


def _note(
    ledger: Ledger,
    order: Order,
    px: int,
    sz: int,
    tid: int,
    *,
    is_taker: bool,
    start_position: int,
    closed_pnl: int,
    fee: int,
    builder_fee: int,
    fee_token: int,
    dir: str,
) -> None:
    """Tell of one side's fill, and of what is left of its order."""
    liquidated = ledger.liquidating
    fill = Fill(
        account=order.account,
        order=order,
        px=px,
        sz=sz,
        is_taker=is_taker,
        time=ledger.time,
        start_position=start_position,
        closed_pnl=closed_pnl,
        fee=fee,
        builder_fee=builder_fee,
        fee_token=fee_token,
        tid=tid,
        tx=ledger.tx,
        dir=dir,
        liquidated=liquidated,
        liquidation_mark=0 if liquidated is None else ledger.marks[order.instrument.asset],
    )
    order.account.fills.append(fill)
    ledger.events.append(fill)
    if not is_taker and order.sz:
        ledger.update(order, Status.OPEN)


def _builder_account(ledger: Ledger, builder: Builder) -> Account:
    account = ledger.account(builder.address)
    account.exists = True
    return account


def _share(amount: int, rate: int) -> int:
    """So much of an amount, rounded towards zero."""
    part: int = abs(amount * rate) // RATE
    return part if rate >= 0 else -part
