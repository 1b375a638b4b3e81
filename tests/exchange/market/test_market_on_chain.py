"""Markets on the chain itself: blocks are made when they are due, and clients' orders are among them."""

from market_desk import START
from recorded_frames import BEGAN_MS, book, recording, trade, trades

from livetrio.exchange.chain.chain import Chain
from livetrio.exchange.chain.desk import Market
from livetrio.exchange.chain.events import PublicTrade
from livetrio.exchange.chain.ledger import Ledger
from livetrio.exchange.chain.listing import default_listing
from livetrio.exchange.chain.order import NewOrder
from livetrio.exchange.chain.placing import place
from livetrio.exchange.market.flow import LivingMarket
from livetrio.exchange.market.recorded_listing import listing_of
from livetrio.exchange.market.replay import ReplayMarket

BLOCK = 70


def run(market: Market, listing, seconds, seed=0):
    """The chain, and the public trades of its blocks on a grid."""
    chain = Chain(Ledger(listing, seed=seed, time=START - 1), market=market)
    blocks = [chain.start_market(START)]
    while True:
        due = market.next_due()
        time = blocks[-1].time + BLOCK
        if due is not None and due > time:
            time += -(-(due - time) // BLOCK) * BLOCK
        if due is None or time > START + seconds * 1000:
            return chain, [each for block in blocks for each in block.events if isinstance(each, PublicTrade)]
        blocks.append(chain.commit(time))


def test_the_living_market_lives_on_the_chain():
    chain, trades = run(LivingMarket(4, "calm"), default_listing(), 120)
    ledger = chain.ledger

    assert len(trades) > 100
    assert ledger.total_cash() == 0
    for instrument in ledger.listing.instruments:
        found = ledger.books[instrument.asset]

        assert found.best_bid < found.best_ask
        assert found.best_bid * 0.99 < ledger.marks[instrument.asset] < found.best_ask * 1.01


def test_the_same_seed_gives_the_same_blocks():
    stories = [run(LivingMarket(4, "crash"), default_listing(), 60)[1] for _ in range(2)]
    told = [[(each.time, each.px, each.sz, each.tid, each.tx) for each in story] for story in stories]

    assert told[0] == told[1]


def test_a_replay_plays_on_the_chain_and_a_level_that_shrinks_keeps_its_place():
    made = recording(
        (0, book((("100.0", "50"),), (("101.0", "50"),))),
        (1, book((("100.0", "20"),), (("101.0", "50"),))),
        (2, trades(trade("100.0", "20", "A", time=BEGAN_MS + 1_900))),
    )
    market, listing = ReplayMarket(made), listing_of(made)
    chain = Chain(Ledger(listing, time=START - 1), market=market)
    chain.start_market(START)
    first = chain.ledger.books[0].bids.first()
    client = chain.ledger.account("0x" + "c" * 40)
    client.exists, client.cash = True, 10**12
    place(chain.ledger, client, NewOrder(instrument=listing.perps[0], is_buy=True, px=first.px, sz=30))
    shrunk = chain.commit(START + 1_000)
    sizes = [order.sz for order in chain.ledger.books[0].bids.orders()]
    traded = [each for each in chain.commit(START + 2_000).events if isinstance(each, PublicTrade)]

    assert 0 in shrunk.traded
    assert sizes == [20, 30]
    assert [(each.px, each.sz) for each in traded] == [(first.px, 20)]
    assert first.filled == first.orig_sz == 20
