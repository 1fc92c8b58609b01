"""Teaching with the book: checks for notebooks, and a grader that trusts no submission.

Students' notebooks use what is named here. The grader is ``python -m d2lsched.teaching.grade``;
its parts are the modules questions, answers, notebooks, sandbox, inside and gradebook.
"""

from .checks import CheckFailed, check_rates, check_value
from .parameters import personal

__all__ = ["CheckFailed", "check_rates", "check_value", "personal"]
