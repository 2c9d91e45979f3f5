import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.sandbox.inside.codec import CodecError
from lit_coder.sandbox.inside.launching import (
    ChildEnd,
    LaunchLimits,
    LaunchRequest,
    RawChild,
    RawLaunch,
)
from lit_coder.sandbox.inside.relay_messages import (
    Message,
    pack_launch,
    pack_launch_request,
    pack_message,
    read_message,
    unpack_launch,
    unpack_launch_request,
)

TAG = b"0123456789abcdef"
LIMITS = LaunchLimits(1.0, 2.5, 3, 4, 5, 6, 7, 8)

payloads = st.lists(st.binary(), max_size=3).map(tuple)
children = st.builds(
    RawChild,
    st.builds(ChildEnd, st.integers(0, 99), st.floats(0, 9), st.integers(0, 2**60)),
    payloads,
    st.text(),
)
launches = st.builds(
    RawLaunch,
    st.floats(0, 9),
    st.booleans(),
    st.binary(),
    st.binary(),
    st.integers(0, 2**60),
    st.lists(children, min_size=1, max_size=2).map(tuple),
)
requests = st.builds(
    LaunchRequest,
    st.lists(st.binary(), min_size=1, max_size=2).map(tuple),
    st.just(LIMITS),
    st.sampled_from(["python", "javascript"]),
    st.none() | st.binary(),
)


def read(data: bytes) -> Message:
    return read_message(io.BytesIO(data).read)


@given(launches)
def test_a_launch_crosses_unchanged(launch: RawLaunch) -> None:
    assert unpack_launch(read(pack_launch(TAG, launch))) == launch


@given(requests)
def test_a_request_crosses_unchanged(request: LaunchRequest) -> None:
    assert unpack_launch_request(read(pack_launch_request(TAG, request))) == request


def test_a_message_keeps_its_tag() -> None:
    assert read(pack_message(TAG, None)).tag == TAG


@pytest.mark.parametrize("value", [None, (1, 2), (1.0, True, 0, [(1,)]), "text"])
def test_another_message_is_not_taken_for_a_launch(value: object) -> None:
    with pytest.raises(CodecError):
        unpack_launch(Message(TAG, value, (b"", b"")))


@pytest.mark.parametrize("head", [b"null", b'["t",1]', b'["t",1,["l",5]]', b'["t",1,["l",9,-9]]'])
def test_a_head_that_does_not_fit_its_parts_is_refused(head: bytes) -> None:
    with pytest.raises(CodecError):
        read(TAG + len(head).to_bytes(4, "big") + bytes(4) + head)
