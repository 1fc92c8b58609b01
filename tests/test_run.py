"""What the drivers of training share: images are converted once, and never taken for others."""

import numpy as np

from d2lsched import numpy as d2l
from d2lsched.data import Split, mnist
from d2lsched.run import once


def test_the_same_images_are_converted_once_and_others_are_not_taken_for_them():
    calls: list[Split] = []

    def counted(split: Split) -> tuple[np.ndarray, np.ndarray]:
        calls.append(split)
        return d2l.tensors(split)

    converted = once(counted)
    first = converted(mnist(256, 64, 64).train)[0]
    assert converted(mnist(256, 64, 64).train)[0] is first
    assert len(calls) == 1
    for other in (mnist(255, 64).train, mnist(256, 256).validation, mnist(256).test):
        np.testing.assert_array_equal(converted(other)[0], d2l.tensors(other)[0])
    assert len(calls) == 4


def test_images_that_may_change_are_converted_anew():
    shared = mnist(256).train
    writable = shared.images.copy()
    view = writable[:]
    view.flags.writeable = False
    converted = once(d2l.tensors)
    for images in (writable, view):
        before = converted(Split(images, shared.labels))[0].copy()
        writable[0] = 255 - writable[0]
        assert (converted(Split(images, shared.labels))[0] != before).any()
