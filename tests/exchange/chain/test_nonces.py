"""Used nonces: the venue's rule, against a model that remembers everything."""

from hypothesis import given, settings
from hypothesis import strategies as st

from livetrio.exchange.chain.nonces import DAY, KEPT, Nonces

TIME = 1764000000000
SIGNER = "0x" + "11" * 20
OTHER = "0x" + "22" * 20


def test_a_nonce_counts_once():
    nonces = Nonces()

    assert nonces.check_and_add(SIGNER, TIME, TIME) is None
    assert nonces.check_and_add(SIGNER, TIME, TIME) == f"Invalid nonce: duplicate nonce {TIME}"


def test_every_signer_has_nonces_of_its_own():
    nonces = Nonces()
    nonces.check_and_add(SIGNER, TIME, TIME)

    assert nonces.check_and_add(OTHER, TIME, TIME) is None


def test_actions_may_overtake_each_other_but_no_more_than_a_hundred_times():
    nonces = Nonces()
    for newer in range(1, KEPT):
        nonces.check_and_add(SIGNER, TIME + 10 + newer, TIME)

    assert nonces.check_and_add(SIGNER, TIME + 1, TIME) is None
    late = nonces.check_and_add(SIGNER, TIME, TIME)
    assert late is not None
    assert "too low" in late


def test_what_is_just_above_the_lowest_remembered_takes_its_place():
    nonces = Nonces()
    for step in range(KEPT):
        nonces.check_and_add(SIGNER, TIME + 2 * step, TIME)

    assert nonces.check_and_add(SIGNER, TIME + 1, TIME) is None
    assert nonces.check_and_add(SIGNER, TIME, TIME) is not None


def test_the_window_ends_two_days_before_and_one_day_after_the_block():
    def is_used(nonce):
        return Nonces().check_and_add(SIGNER, nonce, TIME) is None

    assert not is_used(TIME - 2 * DAY)
    assert is_used(TIME - 2 * DAY + 1)
    assert is_used(TIME + DAY - 1)
    assert not is_used(TIME + DAY)
    assert not is_used(0)


def test_a_refused_nonce_changes_nothing():
    nonces = Nonces()
    nonces.check_and_add(SIGNER, TIME + 2 * DAY, TIME)

    assert len(nonces) == 0
    assert nonces.check_and_add(SIGNER, TIME, TIME) is None


def test_a_clock_far_ahead_shuts_out_what_comes_in_time():
    nonces = Nonces()
    for step in range(KEPT):
        nonces.check_and_add(SIGNER, TIME + DAY - 1 - step, TIME)

    assert nonces.check_and_add(SIGNER, TIME, TIME) is not None
    assert nonces.check_and_add(SIGNER, TIME + DAY, TIME + DAY) is None


def test_the_signer_that_acted_the_longest_ago_is_forgotten_first():
    nonces = Nonces(max_signers=2)
    for signer in ("a", "b", "a", "c"):
        nonces.check_and_add(signer, TIME + len(nonces), TIME)

    assert len(nonces) == 2
    assert nonces.check_and_add("a", TIME, TIME) is not None
    assert nonces.check_and_add("b", TIME + 1, TIME) is None


class NaiveNonces:
    """Remembers every nonce ever, and sorts them each time."""

    def __init__(self):
        self.used = {}

    def accepts(self, signer, nonce, time):
        used = self.used.setdefault(signer, set())
        highest = sorted(used)[-100:]
        if nonce in used or not time - 2 * DAY < nonce < time + DAY:
            return False
        if len(highest) == 100 and nonce < highest[0]:
            return False
        used.add(nonce)
        return True


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from([SIGNER, OTHER]), st.integers(-150, 150), st.integers(0, 40)),
        min_size=150,
        max_size=400,
    )
)
def test_it_decides_as_one_who_remembers_everything(steps):
    nonces = Nonces()
    naive = NaiveNonces()
    time = TIME
    for signer, offset, elapsed in steps:
        time += elapsed
        nonce = time + offset

        assert (nonces.check_and_add(signer, nonce, time) is None) == naive.accepts(signer, nonce, time)


@settings(max_examples=40)
@given(st.lists(st.integers(TIME - 300, TIME + 300), min_size=120, max_size=500))
def test_no_nonce_ever_counts_twice(arrivals):
    nonces = Nonces()
    accepted = [nonce for nonce in arrivals if nonces.check_and_add(SIGNER, nonce, TIME) is None]

    assert len(accepted) == len(set(accepted))
