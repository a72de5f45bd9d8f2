"""The pure parts of sealing: trees, ranges of ids, snapshots."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from governance.merkle import leaf_hash, levels_of, path_in, root_from, root_of
from governance.snapshots import Snapshot
from governance.statements import packed_ids, unpacked_ids

SOME_LEAVES = st.lists(st.binary(max_size=8).map(leaf_hash), min_size=1, max_size=40)


def by_definition(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1: split at the largest power of two that is smaller than n."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = by_definition(leaves[:split]), by_definition(leaves[split:])
    return sha256(b"\x01" + left + right).digest()


def test_the_published_roots_come_out() -> None:
    """Vectors of Certificate Transparency's reference implementation."""
    vectors = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    leaves = [leaf_hash(bytes.fromhex(one)) for one in vectors]
    assert root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert (
        root_of(leaves[:1]).hex()
        == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert (
        root_of(leaves[:2]).hex()
        == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    )
    assert (
        root_of(leaves).hex() == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    )


@given(SOME_LEAVES, st.data())
def test_every_leaf_leads_to_the_root_and_no_other_does(
    leaves: list[bytes], data: st.DataObject
) -> None:
    root, levels = root_of(leaves), levels_of(leaves)
    assert root == by_definition(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = path_in(levels, index)
    assert root_from(leaves[index], index, len(leaves), path) == root
    assert root_from(leaf_hash(b"another entry"), index, len(leaves), path) != root
    assert root_from(leaves[index], index, len(leaves), [*path, root]) is None


@given(st.sets(st.integers(1, 60), max_size=30).map(sorted))
def test_ids_survive_their_text(ids: list[int]) -> None:
    assert list(unpacked_ids(packed_ids(ids))) == ids


def test_a_snapshot_catches_up_without_losing_who_was_open() -> None:
    seen = Snapshot.read("10:20:10,15,19")
    assert str(seen) == "10:20:10,15,19"
    assert [xid for xid in range(8, 23) if seen.sees(xid)] == [8, 9, 11, 12, 13, 14, 16, 17, 18]
    now = Snapshot.read("15:30:15,28")
    assert str(seen.caught_up(now, 12)) == "15:20:15,19", "10 is over, 19 is looked at later"
    assert str(seen.caught_up(now, 28)) == "15:29:15,28"
    assert not seen.without(12).sees(12)
    assert str(Snapshot.read("7:7:")) == "7:7:"
