"""What several test files share."""

import pytest
from hypothesis import settings

from d2lsched.data import MNIST, mnist

# Machines differ in speed, and a failure must come back when the same commit runs again.
settings.register_profile("d2lsched", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("d2lsched")


@pytest.fixture(scope="session")
def small() -> MNIST:
    """Ten batches of 128 real images, and a little to evaluate on."""
    return mnist(train=1_280, validation=200, test=200)
