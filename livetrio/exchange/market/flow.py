"""LivingMarket: an invented market that trades by itself, and with whoever comes.

What the instruments are worth moves by itself (`references`). Makers quote around it, each in its own way and
at its own pace (`makers`); takers come, more of them at times than at others, and a little wiser than the
quotes (`takers`); whoever stands still too long is taken (`snipers`); an oracle tells what perpetuals are
worth elsewhere (`oracle`). Clients meet them all in the same book: nothing knows which orders are a client's.

Everything is drawn from sub-streams of the seed, one for each who draws. The same seed and the same blocks
give the same orders, in every process.
"""

from __future__ import annotations

from random import Random

from livetrio.exchange.chain.desk import Desk
from livetrio.exchange.chain.listing import Instrument
from livetrio.exchange.market.agenda import Agenda
from livetrio.exchange.market.climates import CLIMATES, Climate
from livetrio.exchange.market.makers import STYLES, Maker
from livetrio.exchange.market.oracle import Oracle
from livetrio.exchange.market.profiles import Profile, profile_of
from livetrio.exchange.market.references import References
from livetrio.exchange.market.snipers import Sniper
from livetrio.exchange.market.takers import Takers
from livetrio.exchange.settings import Regime

TAKER_ACCOUNTS = 12


class LivingMarket:
    """Everybody of the house, in all instruments of the listing."""

    def __init__(self, seed: int, regime: Regime, *, pace: float = 1.0) -> None:
        """Of a seed, in a regime; in ``none`` nobody does anything. See `ExchangeSettings.pace`."""
        self._seed = seed
        self._pace = pace
        self._climate = CLIMATES.get(regime)
        self._quotes = Agenda()
        self._takes = Agenda()
        self._references: References | None = None

    def start(self, desk: Desk) -> None:
        """Tell the oracle's prices, fill the books, and begin."""
        climate = self._climate
        if climate is None:
            return
        time = desk.ledger.time
        instruments = desk.ledger.listing.instruments
        references = self._references = References(self._seed, climate, instruments, time)
        perps = [each for each in references.prices.values() if each.instrument.is_perp]
        oracle = Oracle(self._random("oracle"), perps)
        self._quotes.add(oracle.act(desk, time), oracle.act)
        for instrument in instruments:
            profile = profile_of(instrument).at(self._pace)
            self._start_makers(desk, instrument, profile, climate, references)
            self._start_takers(desk, instrument, profile, climate, references)

    def next_due(self) -> int | None:
        """When the next of them wants to do something, ms."""
        quote, take = self._quotes.next_due, self._takes.next_due
        if quote is None or take is None:
            return quote if take is None else take
        return min(quote, take)

    def quote(self, desk: Desk) -> None:
        """Makers and the oracle."""
        if self._references is not None:
            self._references.advance(desk.ledger.time)
            self._quotes.perform(desk)

    def take(self, desk: Desk) -> None:
        """Takers and snipers."""
        self._takes.perform(desk)

    def _random(self, name: str) -> Random:
        return Random(f"{self._seed}/market/{name}")

    def _start_makers(
        self, desk: Desk, instrument: Instrument, profile: Profile, climate: Climate, references: References
    ) -> None:
        for style in STYLES[: profile.makers]:
            maker = Maker(
                self._random(f"maker/{style.name}/{instrument.coin}"),
                style,
                account=desk.open_account(f"maker/{style.name}"),
                profile=profile,
                climate=climate,
                price=references.prices[instrument.asset],
                references=references,
            )
            self._quotes.add(maker.start(desk, desk.ledger.time), maker.act)

    def _start_takers(
        self, desk: Desk, instrument: Instrument, profile: Profile, climate: Climate, references: References
    ) -> None:
        time, price = desk.ledger.time, references.prices[instrument.asset]
        takers = Takers(
            self._random(f"takers/{instrument.coin}"),
            accounts=[desk.open_account(f"taker/{index}") for index in range(TAKER_ACCOUNTS)],
            profile=profile,
            climate=climate,
            price=price,
            references=references,
            agenda=self._takes,
        )
        self._takes.add(takers.next(time), takers.act)
        sniper = Sniper(
            self._random(f"sniper/{instrument.coin}"),
            account=desk.open_account("sniper"),
            profile=profile,
            price=price,
            references=references,
        )
        self._takes.add(sniper.next(time), sniper.act)
