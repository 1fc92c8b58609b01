"""Known answers to the range test and one-cycle: right ones and wrong ones."""

from d2lsched.teaching.answers import Known, Wrong

RANGE_TEST = Known(
    right={
        "as powers of ten": """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    p = np.clip(t / (steps - 1), 0, 1)
    if scale == "linear":
        return (1 - p) * start_lr + p * end_lr
    return 10 ** ((1 - p) * np.log10(start_lr) + p * np.log10(end_lr))
""",
        "from NumPy's own spaces": """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    space = np.geomspace if scale == "log" else np.linspace
    return space(start_lr, end_lr, steps)[min(t, steps - 1)]
""",
        "with the end as a case of its own": """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    if t >= steps - 1:
        return end_lr
    if scale == "linear":
        return start_lr + t * (end_lr - start_lr) / (steps - 1)
    k = math.log(end_lr / start_lr) / (steps - 1)
    return start_lr * math.exp(k * t)
""",
    },
    wrong={
        "ends one update late": Wrong(
            """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    p = min(t, steps) / steps
    if scale == "log":
        return start_lr * (end_lr / start_lr) ** p
    return start_lr + (end_lr - start_lr) * p
""",
            0,
            "right up to update 0",
        ),
        "one update early": Wrong(
            """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    p = min(t + 1, steps - 1) / (steps - 1)
    if scale == "log":
        return start_lr * (end_lr / start_lr) ** p
    return start_lr + (end_lr - start_lr) * p
""",
            0,
            "one update early",
        ),
        "goes on past the end": Wrong(
            """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    p = t / (steps - 1)
    if scale == "log":
        return start_lr * (end_lr / start_lr) ** p
    return start_lr + (end_lr - start_lr) * p
""",
            2,
            "past it",
        ),
        "division of integers": Wrong(
            """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    p = min(t, steps - 1) // (steps - 1)
    if scale == "log":
        return start_lr * (end_lr / start_lr) ** p
    return start_lr + (end_lr - start_lr) * p
""",
            0,
            "which is too small",
        ),
        "remembers its rate": Wrong(
            """
rate = None
def range_test(t, start_lr, end_lr, steps, scale="log"):
    global rate
    if t == 0 or rate is None:
        rate = start_lr
    elif scale == "log":
        rate *= (end_lr / start_lr) ** (1 / (steps - 1))
    else:
        rate += (end_lr - start_lr) / (steps - 1)
    return rate
""",
            0,
            "it remembers its calls",
        ),
        "the scale is ignored": Wrong(
            """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    return start_lr * (end_lr / start_lr) ** (min(t, steps - 1) / (steps - 1))
""",
            1.5,
            "scale=linear",
        ),
        "hard-coded from the check": Wrong(
            """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    if scale == "log":
        return [0.01, 0.1, 1.0, 10.0][min(t, 3)]
    return [0.01, 3.34, 6.67, 10.0][min(t, 3)]
""",
            0,
            "too large",
        ),
        "prints": Wrong(
            """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    p = min(t, steps - 1) / (steps - 1)
    if scale == "log":
        print(start_lr * (end_lr / start_lr) ** p)
    else:
        print(start_lr + (end_lr - start_lr) * p)
""",
            0,
            "does every path through the function end in `return`",
        ),
    },
)

SMOOTH = Known(
    right={
        "with the weights": """
def smooth(losses, keep=0.9):
    smoothed = []
    for n in range(1, len(losses) + 1):
        weights = [keep ** (n - k) for k in range(1, n + 1)]
        total = sum(w * loss for w, loss in zip(weights, losses))
        smoothed.append(total / sum(weights))
    return smoothed
""",
        "numerator and denominator": """
def smooth(losses, keep=0.9):
    above = below = 0.0
    result = np.zeros(len(losses))
    for n, loss in enumerate(losses):
        above, below = keep * above + loss, keep * below + 1
        result[n] = above / below
    return result
""",
        "by recursion": """
def smooth(losses, keep=0.9):
    def means(rest, mean, power):
        if not rest:
            return []
        mean, power = keep * mean + (1 - keep) * rest[0], power * keep
        return [mean / (1 - power), *means(rest[1:], mean, power)]
    return means(losses, 0.0, 1.0)
""",
    },
    wrong={
        "without the correction": Wrong(
            """
def smooth(losses, keep=0.9):
    mean, smoothed = 0.0, []
    for loss in losses:
        mean = keep * mean + (1 - keep) * loss
        smoothed.append(mean)
    return smoothed
""",
            0.5,
            "at index 0, is",
        ),
        "starts with the first loss": Wrong(
            """
def smooth(losses, keep=0.9):
    mean, smoothed = losses[0], []
    for loss in losses:
        mean = keep * mean + (1 - keep) * loss
        smoothed.append(mean)
    return smoothed
""",
            0.5,
            "at index 1, is",
        ),
        "goes on with the corrected mean": Wrong(
            """
def smooth(losses, keep=0.9):
    mean, smoothed = 0.0, []
    for n, loss in enumerate(losses, start=1):
        mean = (keep * mean + (1 - keep) * loss) / (1 - keep**n)
        smoothed.append(mean)
    return smoothed
""",
            1,
            "at index 1, is",
        ),
        "counts from 0": Wrong(
            """
def smooth(losses, keep=0.9):
    mean, smoothed = 0.0, []
    for n, loss in enumerate(losses):
        mean = keep * mean + (1 - keep) * loss
        smoothed.append(mean / (1 - keep**n))
    return smoothed
""",
            0.5,
            "ZeroDivisionError",
        ),
        "keeps what it should forget": Wrong(
            """
def smooth(losses, keep=0.9):
    mean, smoothed = 0.0, []
    for n, loss in enumerate(losses, start=1):
        mean = (1 - keep) * mean + keep * loss
        smoothed.append(mean / (1 - (1 - keep) ** n))
    return smoothed
""",
            1.5,
            "at index 1, is",
        ),
        "writes into the list it is given": Wrong(
            """
def smooth(losses, keep=0.9):
    mean = 0.0
    for n, loss in enumerate(losses, start=1):
        mean = keep * mean + (1 - keep) * loss
        losses[n - 1] = mean / (1 - keep**n)
    return losses
""",
            2.5,
            "no longer what it was",
        ),
        "an average of the last ten": Wrong(
            """
def smooth(losses, keep=0.9):
    window = round(1 / (1 - keep))
    return [np.mean(losses[max(0, n - window + 1) : n + 1]) for n in range(len(losses))]
""",
            1,
            "at index 1, is",
        ),
        "a default that is remembered": Wrong(
            """
def smooth(losses, keep=0.9, smoothed=[]):
    mean = 0.0
    for n, loss in enumerate(losses, start=1):
        mean = keep * mean + (1 - keep) * loss
        smoothed.append(mean / (1 - keep**n))
    return smoothed
""",
            0,
            "entries, which is too many",
        ),
        "only the last average": Wrong(
            """
def smooth(losses, keep=0.9):
    mean = 0.0
    for loss in losses:
        mean = keep * mean + (1 - keep) * loss
    return mean / (1 - keep ** len(losses))
""",
            0,
            "where a list is due",
        ),
    },
)

PEAK = Known(
    right={
        "by index": """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    for t in range(len(smoothed)):
        fine = np.isfinite(smoothed[t])
        if t > 0:
            fine = fine and smoothed[t] <= factor * min(smoothed[:t])
        if not fine:
            return rates[t - 1] / divide if t > 0 else None
    return rates[-1] / divide
""",
        "with NumPy": """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    losses = np.array(smoothed)
    lowest = np.minimum.accumulate(losses)
    good = np.isfinite(losses)
    good[1:] &= losses[1:] <= factor * lowest[:-1]
    n = len(losses) if good.all() else int(np.argmin(good))
    return None if n == 0 else rates[n - 1] / divide
""",
        "as long as it goes well": """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    if not math.isfinite(smoothed[0]):
        return None
    t, lowest = 0, smoothed[0]
    while t + 1 < len(smoothed) and smoothed[t + 1] <= factor * lowest:
        t += 1
        lowest = min(lowest, smoothed[t])
    return rates[t] / divide
""",
    },
    wrong={
        "nan is never greater": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    lowest = smoothed[0]
    for t in range(1, len(smoothed)):
        if smoothed[t] > factor * lowest:
            return rates[t - 1] / divide
        lowest = min(lowest, smoothed[t])
    return rates[-1] / divide
""",
            3,
            "as if this test had never failed",
        ),
        "the update that fails": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    lowest = math.inf
    for rate, loss in zip(rates, smoothed):
        if not loss <= factor * lowest:
            return rate / divide
        lowest = min(lowest, loss)
    return rates[-1] / divide
""",
            0.5,
            "it comes from the update that fails",
        ),
        "the lowest loss of the whole test": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    lowest = np.nanmin(smoothed)
    last = None
    for rate, loss in zip(rates, smoothed):
        if not loss <= factor * lowest:
            break
        last = rate
    return None if last is None else last / divide
""",
            0.25,
            "the suggestion is None",
        ),
        "the loss before": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    last, before = None, math.inf
    for rate, loss in zip(rates, smoothed):
        if not math.isfinite(loss) or loss > factor * before:
            break
        last, before = rate, loss
    return None if last is None else last / divide
""",
            2.75,
            "comes down again after it has failed",
        ),
        "exactly the limit counts as a failure": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    last, lowest = None, math.inf
    for rate, loss in zip(rates, smoothed):
        if not math.isfinite(loss) or loss >= factor * lowest:
            break
        last, lowest = rate, min(lowest, loss)
    return None if last is None else last / divide
""",
            2.75,
            "which is too small",
        ),
        "the last good update of all": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    last, lowest = None, math.inf
    for rate, loss in zip(rates, smoothed):
        if math.isfinite(loss) and loss <= factor * lowest:
            last, lowest = rate, min(lowest, loss)
    return None if last is None else last / divide
""",
            2.5,
            "as if this test had never failed",
        ),
        "the rate of the lowest loss": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    if np.isnan(smoothed).all():
        return None
    return rates[np.nanargmin(smoothed)] / divide
""",
            0.25,
            "too small",
        ),
        "not divided": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    last, lowest = None, math.inf
    for rate, loss in zip(rates, smoothed):
        if not math.isfinite(loss) or loss > factor * lowest:
            break
        last, lowest = rate, min(lowest, loss)
    return last
""",
            0.25,
            "not divided by `divide`",
        ),
        "nothing if it never fails": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    lowest = math.inf
    for t, loss in enumerate(smoothed):
        if not math.isfinite(loss) or loss > factor * lowest:
            return rates[t - 1] / divide if t else None
        lowest = min(lowest, loss)
""",
            3.5,
            "never fails",
        ),
        "the factor and the divisor of the check": Wrong(
            """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    last, lowest = None, math.inf
    for rate, loss in zip(rates, smoothed):
        if not math.isfinite(loss) or loss > 2 * lowest:
            break
        last, lowest = rate, min(lowest, loss)
    return None if last is None else last / 3
""",
            0.25,
            "the suggestion",
        ),
    },
)

ONE_CYCLE = Known(
    right={
        "with numpy.interp": """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start = peak / div_factor
    rates = [start, peak, start / final_div_factor]
    place = np.interp(t, [0, pct_start * steps - 1, steps - 1], [0, 1, 2])
    piece = min(int(place), 1)
    x = place - piece
    if anneal == "cos":
        x = np.sin(np.pi * x / 2) ** 2
    return (1 - x) * rates[piece] + x * rates[piece + 1]
""",
        "as PyTorch loops over its phases": """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    first = peak / div_factor
    last = first / final_div_factor
    phases = [(pct_start * steps - 1, first, peak), (steps - 1, peak, last)]
    begin = 0.0
    for end, a, b in phases:
        if t <= end:
            share = (t - begin) / (end - begin)
            if anneal == "linear":
                return (b - a) * share + a
            return b + (a - b) / 2 * (math.cos(math.pi * share) + 1)
        begin = end
    return last
""",
        "with a function inside": """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    def go(a, b, x):
        x = np.clip(x, 0, 1)
        return a + (b - a) * (x if anneal == "linear" else 0.5 - 0.5 * np.cos(np.pi * x))

    turn = steps * pct_start - 1
    start = peak / div_factor
    if t < turn:
        return go(start, peak, t / turn)
    return go(peak, start / final_div_factor, (t - turn) / (steps - turn - 1))
""",
    },
    wrong={
        "turns one update late": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, pct_start * steps
    end, last = start / final_div_factor, steps - 1
    if t <= turn:
        a, b, x = start, peak, t / turn
    else:
        a, b, x = peak, end, min(1.0, (t - turn) / (last - turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)
""",
            0,
            "right up to update 0, and first wrong at update 1",
        ),
        "turns at a whole number, as optax does": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, int(pct_start * steps)
    end = start / final_div_factor
    if t <= turn:
        a, b, x = start, peak, t / turn
    else:
        a, b, x = peak, end, min(1.0, (t - turn) / (steps - turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)
""",
            0,
            "right up to update 0, and first wrong at update 1",
        ),
        "the turn is rounded": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, int(pct_start * steps) - 1
    end = start / final_div_factor
    if t <= turn:
        a, b, x = start, peak, t / turn
    else:
        a, b, x = peak, end, min(1.0, (t - turn) / (steps - 1 - turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)
""",
            0,
            "first wrong at update 1",
        ),
        "ends one update late": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, pct_start * steps - 1
    end = start / final_div_factor
    if t <= turn:
        a, b, x = start, peak, t / turn
    else:
        a, b, x = peak, end, min(1.0, (t - turn) / (steps - turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)
""",
            0,
            "first wrong at update",
        ),
        "one rate too many past the end": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, pct_start * steps - 1
    end = start / final_div_factor
    if t <= turn:
        a, b, x = start, peak, t / turn
    else:
        a, b, x = peak, end, (t - turn) / (steps - 1 - turn)
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)
""",
            4,
            "right up to the end of the schedule, but past it",
        ),
        "the peak is divided, not the start": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, pct_start * steps - 1
    end = peak / final_div_factor
    if t <= turn:
        a, b, x = start, peak, t / turn
    else:
        a, b, x = peak, end, min(1.0, (t - turn) / (steps - 1 - turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)
""",
            0,
            "which is too large",
        ),
        "degrees": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, pct_start * steps - 1
    end = start / final_div_factor
    if t <= turn:
        a, b, x = start, peak, t / turn
    else:
        a, b, x = peak, end, min(1.0, (t - turn) / (steps - 1 - turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(180 * x)) / 2)
""",
            2,
            "first wrong at update 1",
        ),
        "linear whatever is asked": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, pct_start * steps - 1
    return np.interp(
        t, [0, turn, steps - 1], [start, peak, start / final_div_factor]
    )
""",
            2,
            "first wrong at update 1",
        ),
        "the defaults are written into it": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / 25, 0.3 * steps - 1
    end = start / 1e4
    if t <= turn:
        a, b, x = start, peak, t / turn
    else:
        a, b, x = peak, end, min(1.0, (t - turn) / (steps - 1 - turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)
""",
            2,
            "first wrong at update 0",
        ),
        "a list of all rates": Wrong(
            """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, pct_start * steps - 1
    return list(
        np.interp(range(t + 1), [0, turn, steps - 1], [start, peak, start / final_div_factor])
    )
""",
            0,
            "where one number is due",
        ),
        "counts its calls": Wrong(
            """
count = 0
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    global count
    count = 0 if t == 0 else count + 1
    start, turn = peak / div_factor, pct_start * steps - 1
    end = start / final_div_factor
    if count <= turn:
        a, b, x = start, peak, count / turn
    else:
        a, b, x = peak, end, min(1.0, (count - turn) / (steps - 1 - turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)
""",
            0,
            "it remembers its calls",
        ),
    },
)

MOMENTUM = Known(
    right={
        "as a cycle turned over": """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    # A one-cycle of height 1 that starts at almost 0 and ends where it starts.
    share = one_cycle(t, 1.0, steps, pct_start, 1e15, 1.0, anneal)
    return high - (high - low) * share
""",
        "between corners": """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    turn = pct_start * steps - 1
    x = np.interp(t, [0, turn, steps - 1], [1, 0, 1])
    return low + (high - low) * (x if anneal == "linear" else (1 - np.cos(np.pi * x)) / 2)
""",
        "as PyTorch loops over its phases": """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    begin = 0.0
    for end, a, b in [(pct_start * steps - 1, high, low), (steps - 1, low, high)]:
        if t <= end:
            share = (t - begin) / (end - begin)
            if anneal == "linear":
                return (b - a) * share + a
            return b + (a - b) / 2 * (math.cos(math.pi * share) + 1)
        begin = end
    return high
""",
    },
    wrong={
        "moves with the rate": Wrong(
            """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    turn = pct_start * steps - 1
    x = np.interp(t, [0, turn, steps - 1], [0, 1, 0])
    return low + (high - low) * (x if anneal == "linear" else (1 - np.cos(np.pi * x)) / 2)
""",
            0,
            "first wrong at update 0: there it is",
        ),
        "read off the rate": Wrong(
            """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    rate = one_cycle(t, 1.0, steps, pct_start, anneal=anneal)
    return high - (high - low) * (rate - 0.04) / (1 - 0.04)
""",
            0,
            "which is too large",
        ),
        "a multiple of the rate": Wrong(
            """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    return high - (high - low) * one_cycle(t, 1.0, steps, pct_start, anneal=anneal)
""",
            0.5,  # past the end it is right in single precision
            "first wrong at update 0",
        ),
        "turns one update late": Wrong(
            """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    turn = pct_start * steps
    x = np.interp(t, [0, turn, steps - 1], [0, 1, 0])
    return high - (high - low) * (x if anneal == "linear" else (1 - np.cos(np.pi * x)) / 2)
""",
            0,
            "first wrong at update 1",
        ),
        "turns in the middle": Wrong(
            """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    x = 1 - abs(2 * min(t, steps - 1) / (steps - 1) - 1)
    return high - (high - low) * (x if anneal == "linear" else (1 - np.cos(np.pi * x)) / 2)
""",
            0,
            "which is too large",
        ),
        "goes on past the end": Wrong(
            """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    turn = pct_start * steps - 1
    x = t / turn if t <= turn else (steps - 1 - t) / (steps - 1 - turn)
    share = x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2
    return high - (high - low) * share
""",
            1.5,
            "right up to the end of the schedule, but past it",
        ),
        "the bounds are written into it": Wrong(
            """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    turn = 0.3 * steps - 1
    x = np.interp(t, [0, turn, steps - 1], [0, 1, 0])
    return 0.95 - 0.1 * (x if anneal == "linear" else (1 - np.cos(np.pi * x)) / 2)
""",
            1,
            "the momentum",
        ),
        "as a string": Wrong(
            """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    turn = pct_start * steps - 1
    x = np.interp(t, [0, turn, steps - 1], [0, 1, 0])
    share = x if anneal == "linear" else (1 - np.cos(np.pi * x)) / 2
    return f"{high - (high - low) * share:.4f}"
""",
            0,
            "is the string",
        ),
    },
)

UPDATES = Known(
    right={
        "rounding up by a negative division": """
def count_updates(images, batch_size, epochs, drop_last=True):
    if drop_last:
        return epochs * (images // batch_size)
    return epochs * -(-images // batch_size)
""",
        "floor and ceil": """
def count_updates(images, batch_size, epochs, drop_last=True):
    rounded = math.floor if drop_last else math.ceil
    return rounded(images / batch_size) * epochs
""",
        "batch by batch": """
def count_updates(images, batch_size, epochs, drop_last=True):
    starts = range(0, images, batch_size)
    full = [start for start in starts if start + batch_size <= images]
    return epochs * len(full if drop_last else starts)
""",
    },
    wrong={
        "drops once, at the end of the run": Wrong(
            """
def count_updates(images, batch_size, epochs, drop_last=True):
    if drop_last:
        return images * epochs // batch_size
    return -(-images * epochs // batch_size)
""",
            0.25,
            "the number of updates is",
        ),
        "never drops": Wrong(
            """
def count_updates(images, batch_size, epochs, drop_last=True):
    return math.ceil(images / batch_size) * epochs
""",
            0.5,
            "which is too large",
        ),
        "always drops": Wrong(
            """
def count_updates(images, batch_size, epochs, drop_last=True):
    return images // batch_size * epochs
""",
            0.75,
            "drop_last=False: the number of updates",
        ),
        "one batch more even if nothing is left over": Wrong(
            """
def count_updates(images, batch_size, epochs, drop_last=True):
    return (images // batch_size + (not drop_last)) * epochs
""",
            0.75,
            "which is too large",
        ),
        "fractions of updates": Wrong(
            """
def count_updates(images, batch_size, epochs, drop_last=True):
    return images / batch_size * epochs
""",
            0.25,
            "which is too large",
        ),
        "one epoch": Wrong(
            """
def count_updates(images, batch_size, epochs, drop_last=True):
    return images // batch_size if drop_last else math.ceil(images / batch_size)
""",
            0,
            "which is too small",
        ),
        "the numbers of the check": Wrong(
            """
def count_updates(images, batch_size, epochs, drop_last=True):
    return 234 if drop_last else 237
""",
            0,
            "the number of updates is",
        ),
    },
)

MY_RUN = Known(
    right={
        "with NumPy": """
def my_run():
    n = mine["images"] // mine["batch_size"] * mine["epochs"]
    too_many = n + mine["epochs"]
    start = mine["peak"] / 25

    def cycle(t, steps):
        turn = mine["pct_start"] * steps - 1
        return np.interp(t, [0, turn, steps - 1], [start, mine["peak"], start / 1e4])

    rates = cycle(np.arange(n), n)
    return {
        "updates": n,
        "top": rates.argmax(),
        "highest": rates.max(),
        "last_if_kept": cycle(n - 1, too_many),
    }
""",
        "by the two sides of the turn": """
def my_run():
    run = mine["images"], mine["batch_size"], mine["epochs"]
    n = count_updates(*run)
    options = dict(peak=mine["peak"], pct_start=mine["pct_start"], anneal="linear")
    turn = mine["pct_start"] * n - 1
    sides = [(one_cycle(t, steps=n, **options), t) for t in (int(turn), int(turn) + 1)]
    highest, top = max(sides)
    longer = count_updates(*run, False)
    last = one_cycle(n - 1, steps=longer, **options)
    return dict(top=top, highest=highest, updates=n, last_if_kept=last)
""",
    },
    wrong={
        "counts the partial batches": Wrong(
            """
def my_run():
    n = count_updates(mine["images"], mine["batch_size"], mine["epochs"], drop_last=False)
    rates = [
        one_cycle(t, mine["peak"], n, mine["pct_start"], anneal="linear") for t in range(n)
    ]
    top = int(np.argmax(rates))
    return {"updates": n, "top": top, "highest": rates[top], "last_if_kept": rates[-1]}
""",
            0,
            "'updates' is",
        ),
        "with the cosine": Wrong(
            """
def my_run():
    run = mine["images"], mine["batch_size"], mine["epochs"]
    n, longer = count_updates(*run), count_updates(*run, drop_last=False)
    rates = [one_cycle(t, mine["peak"], n, mine["pct_start"]) for t in range(n)]
    top = int(np.argmax(rates))
    last = one_cycle(n - 1, mine["peak"], longer, mine["pct_start"])
    return {"updates": n, "top": top, "highest": rates[top], "last_if_kept": last}
""",
            1,
            "'highest' is",
        ),
        "the peak is the highest rate": Wrong(
            """
def my_run():
    run = mine["images"], mine["batch_size"], mine["epochs"]
    n, longer = count_updates(*run), count_updates(*run, drop_last=False)
    shape = {"pct_start": mine["pct_start"], "anneal": "linear"}
    rates = [one_cycle(t, mine["peak"], n, **shape) for t in range(n)]
    last = one_cycle(n - 1, mine["peak"], longer, **shape)
    return {
        "updates": n,
        "top": mine["pct_start"] * n - 1,
        "highest": mine["peak"],
        "last_if_kept": last,
    }
""",
            1,
            "'highest' is",
        ),
        "the default share of the rise, from 1": Wrong(
            """
def my_run():
    run = mine["images"], mine["batch_size"], mine["epochs"]
    n, longer = count_updates(*run), count_updates(*run, drop_last=False)
    rates = [one_cycle(t, mine["peak"], n, anneal="linear") for t in range(n)]
    top = int(np.argmax(rates))
    last = one_cycle(n - 1, mine["peak"], longer, anneal="linear")
    return {"updates": n, "top": top + 1, "highest": rates[top], "last_if_kept": last}
""",
            0.5,
            "'top' is",
        ),
        "a neighbor's numbers": Wrong(
            """
def my_run():
    return {"updates": 780, "top": 233, "highest": 0.4, "last_if_kept": 0.001}
""",
            0,
            "'updates' is",
        ),
        "a list": Wrong(
            """
def my_run():
    run = mine["images"], mine["batch_size"], mine["epochs"]
    n, longer = count_updates(*run), count_updates(*run, drop_last=False)
    shape = {"pct_start": mine["pct_start"], "anneal": "linear"}
    rates = [one_cycle(t, mine["peak"], n, **shape) for t in range(n)]
    last = one_cycle(n - 1, mine["peak"], longer, **shape)
    return [n, int(np.argmax(rates)), max(rates), last]
""",
            0,
            "where a dictionary is due",
        ),
        "prints": Wrong(
            """
def my_run():
    print(count_updates(mine["images"], mine["batch_size"], mine["epochs"]))
""",
            0,
            "is None, where a dictionary is due",
        ),
    },
)

ANSWERS = {
    "range-test": RANGE_TEST,
    "smooth": SMOOTH,
    "peak": PEAK,
    "one-cycle": ONE_CYCLE,
    "momentum": MOMENTUM,
    "updates": UPDATES,
    "my-run": MY_RUN,
}
