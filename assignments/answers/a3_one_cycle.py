"""Known answers to the range test and one-cycle: right ones and wrong ones."""

from d2lsched.teaching.answers import Known, Wrong

# A mistake a line, as far as it fits.
# fmt: off
ANSWERS: dict[str, Known] = {}

ANSWERS["range-test"] = Known(right={
        "as powers of ten": """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    p = np.clip(t / (steps - 1), 0, 1)
    if scale == "linear":
        return (1 - p) * start_lr + p * end_lr
    return 10 ** ((1 - p) * np.log10(start_lr) + p * np.log10(end_lr))""",
        "from NumPy's own spaces": """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    space = np.geomspace if scale == "log" else np.linspace
    return space(start_lr, end_lr, steps)[min(t, steps - 1)]""",
        "with the end as a case of its own": """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    if t >= steps - 1:
        return end_lr
    if scale == "linear":
        return start_lr + t * (end_lr - start_lr) / (steps - 1)
    k = math.log(end_lr / start_lr) / (steps - 1)
    return start_lr * math.exp(k * t)""",
    }, wrong={
        "ends one update late": Wrong(0, "right up to update 0",
            {"steps - 1) / (steps - 1)": "steps) / steps"}),
        "one update early": Wrong(0, "one update early", {"t, steps": "t + 1, steps"}),
        "goes on past the end": Wrong(2, "past it", {"min(t, steps - 1)": "t"}),
        "division of integers": Wrong(0, "which is too small", {"/ (steps": "// (steps"}),
        "remembers its rate": Wrong(0, "it remembers its calls", {
            """space = np.geomspace if scale == "log" else np.linspace
    return space(start_lr, end_lr, steps)[min(t, steps - 1)]""":
            """global rate
    if t == 0 or rate is None:
        rate = start_lr
    elif scale == "log":
        rate *= (end_lr / start_lr) ** (1 / (steps - 1))
    else:
        rate += (end_lr - start_lr) / (steps - 1)
    return rate"""}, of="from NumPy's own spaces"),
        "the scale is ignored": Wrong(1.5, "scale=linear", """
def range_test(t, start_lr, end_lr, steps, scale="log"):
    return start_lr * (end_lr / start_lr) ** (min(t, steps - 1) / (steps - 1))"""),
        "hard-coded from the check": Wrong(0, "too large", {
            "start_lr * (end_lr / start_lr) ** progress": "[0.01, 0.1, 1.0, 10.0][min(t, 3)]",
            "start_lr + (end_lr - start_lr) * progress": "[0.01, 3.34, 6.67, 10.0][min(t, 3)]"
        }),
        "prints": Wrong(0, "does every path through the function end in `return`", {
            """return start_lr * (end_lr / start_lr) ** progress
    return start_lr + (end_lr - start_lr) * progress""":
            """print(start_lr * (end_lr / start_lr) ** progress)
    else:
        print(start_lr + (end_lr - start_lr) * progress)"""}),
    })

ANSWERS["smooth"] = Known(right={
        "with the weights": """
def smooth(losses, keep=0.9):
    smoothed = []
    for n in range(1, len(losses) + 1):
        weights = [keep ** (n - k) for k in range(1, n + 1)]
        total = sum(w * loss for w, loss in zip(weights, losses))
        smoothed.append(total / sum(weights))
    return smoothed""",
        "numerator and denominator": """
def smooth(losses, keep=0.9):
    above = below = 0.0
    result = np.zeros(len(losses))
    for n, loss in enumerate(losses):
        above, below = keep * above + loss, keep * below + 1
        result[n] = above / below
    return result""",
        "by recursion": """
def smooth(losses, keep=0.9):
    def means(rest, mean, power):
        if not rest:
            return []
        mean, power = keep * mean + (1 - keep) * rest[0], power * keep
        return [mean / (1 - power), *means(rest[1:], mean, power)]
    return means(losses, 0.0, 1.0)""",
    }, wrong={
        "without the correction": Wrong(0.5, "at index 0, is",
            {"mean / (1 - keep**n)": "mean"}),
        "starts with the first loss": Wrong(0.5, "at index 1, is",
            {"= 0.0, [": "= losses[0], [", "mean / (1 - keep**n)": "mean"}),
        "goes on with the corrected mean": Wrong(1, "at index 1, is", {
            "keep * mean + (1 - keep) * loss":
                "(keep * mean + (1 - keep) * loss) / (1 - keep**n)",
            "mean / (1 - keep**n)": "mean"}),
        "counts from 0": Wrong(0.5, "ZeroDivisionError", {", start=1": ""}),
        "keeps what it should forget": Wrong(1.5, "at index 1, is", {
            "keep * mean + (1 - keep)": "(1 - keep) * mean + keep",
            "keep**n)": "(1 - keep) ** n)"}),
        "writes into the list it is given": Wrong(2.5, "no longer what it was", {
            "smoothed.append(mean / (1 - keep**n)": "losses[n - 1] = mean / (1 - keep**n",
            "return smoothed": "return losses"}),
        "an average of the last ten": Wrong(1, "at index 1, is", """
def smooth(losses, keep=0.9):
    window = round(1 / (1 - keep))
    return [np.mean(losses[max(0, n - window + 1) : n + 1]) for n in range(len(losses))]"""),
        "a default that is remembered": Wrong(0, "entries, which is too many", """
def smooth(losses, keep=0.9, smoothed=[]):
    mean = 0.0
    for n, loss in enumerate(losses, start=1):
        mean = keep * mean + (1 - keep) * loss
        smoothed.append(mean / (1 - keep**n))
    return smoothed"""),
        "only the last average": Wrong(0, "where a list is due", {
            """        smoothed.append(mean / (1 - keep**n))
    return smoothed""":
                "    return mean / (1 - keep ** len(losses))"}),
    })

ANSWERS["peak"] = Known(right={
        "by index": """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    for t in range(len(smoothed)):
        fine = np.isfinite(smoothed[t])
        if t > 0:
            fine = fine and smoothed[t] <= factor * min(smoothed[:t])
        if not fine:
            return rates[t - 1] / divide if t > 0 else None
    return rates[-1] / divide""",
        "with NumPy": """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    losses = np.array(smoothed)
    lowest = np.minimum.accumulate(losses)
    good = np.isfinite(losses)
    good[1:] &= losses[1:] <= factor * lowest[:-1]
    n = len(losses) if good.all() else int(np.argmin(good))
    return None if n == 0 else rates[n - 1] / divide""",
        "as long as it goes well": """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    if not math.isfinite(smoothed[0]):
        return None
    t, lowest = 0, smoothed[0]
    while t + 1 < len(smoothed) and smoothed[t + 1] <= factor * lowest:
        t += 1
        lowest = min(lowest, smoothed[t])
    return rates[t] / divide""",
    }, wrong={
        "nan is never greater": Wrong(3, "as if this test had never failed", {
            "rate, loss in zip(rates, smoothed, strict=True": "t in range(1, len(smoothed)",
            "not math.isfinite(loss) or loss": "smoothed[t]",
            "break": "return rates[t - 1] / divide",
            ", last = min(lowest, loss), rate": " = min(lowest, smoothed[t])",
            "None if last is None else last": "rates[-1]"}),
        "the update that fails": Wrong(0.5, "it comes from the update that fails",
            {"break": "return rate / divide"}),
        "the lowest loss of the whole test": Wrong(0.25, "the suggestion is None", {
            "if not math.isfinite(smoothed[0]):": "lowest = np.nanmin(smoothed)",
            "        return None": "    last = None",
            "rates[t]": "None if last is None else last"}, of="as long as it goes well"),
        "the loss before": Wrong(2.75, "comes down again after it has failed",
            {"lowest, last = min(lowest, loss), rate": "last, lowest = rate, loss"}),
        "exactly the limit counts as a failure": Wrong(2.75, "which is too small",
            {"> factor": ">= factor"}),
        "the last good update of all": Wrong(2.5, "as if this test had never failed", """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    last, lowest = None, math.inf
    for rate, loss in zip(rates, smoothed):
        if math.isfinite(loss) and loss <= factor * lowest:
            last, lowest = rate, min(lowest, loss)
    return None if last is None else last / divide"""),
        "the rate of the lowest loss": Wrong(0.25, "too small", """
def choose_peak(rates, smoothed, factor=2.0, divide=3.0):
    if np.isnan(smoothed).all():
        return None
    return rates[np.nanargmin(smoothed)] / divide"""),
        "not divided": Wrong(0.25, "not divided by `divide`",
            {"None if last is None else last / divide": "last"}),
        "nothing if it never fails": Wrong(3.5, "never fails", {
            "rate, loss in zip(rates, smoothed, strict=True": "t, loss in enumerate(smoothed",
            """break
        lowest, last = min(lowest, loss), rate
    return None if last is None else last / divide""":
            """return rates[t - 1] / divide if t else None
        lowest = min(lowest, loss)"""}),
        "the factor and the divisor of the check": Wrong(0.25, "the suggestion",
            {"/ divide": "/ 3"}),
    })

ANSWERS["one-cycle"] = Known(right={
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
    return (1 - x) * rates[piece] + x * rates[piece + 1]""",
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
    return last""",
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
    return go(peak, start / final_div_factor, (t - turn) / (steps - turn - 1))""",
    }, wrong={
        "turns one update late": Wrong(0, "right up to update 0, and first wrong at update 1",
            {"* steps - 1": "* steps"}),
        "turns at a whole number, as optax does": Wrong(0,
            "right up to update 0, and first wrong at update 1", {
            "pct_start * steps - 1": "int(pct_start * steps)",
            """1 - turn))
    share = x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2
    return a + (b - a) * share""":
            """turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)"""}),
        "the turn is rounded": Wrong(0, "first wrong at update 1",
            {"pct_start * steps": "int(pct_start * steps)"}),
        "ends one update late": Wrong(0, "first wrong at update", {
            """1 - turn))
    share = x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2
    return a + (b - a) * share""":
            """turn))
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)"""}),
        "one rate too many past the end": Wrong(4,
            "right up to the end of the schedule, but past it", {
            """min(1.0, (t - turn) / (steps - 1 - turn))
    share = x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2
    return a + (b - a) * share""":
            """(t - turn) / (steps - 1 - turn)
    return a + (b - a) * (x if anneal == "linear" else (1 - math.cos(math.pi * x)) / 2)"""}),
        "the peak is divided, not the start": Wrong(0, "which is too large",
            {"= start /": "= peak /"}),
        "degrees": Wrong(2, "first wrong at update 1", {"(math.pi * x)": "(180 * x)"}),
        "linear whatever is asked": Wrong(2, "first wrong at update 1", """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, pct_start * steps - 1
    return np.interp(
        t, [0, turn, steps - 1], [start, peak, start / final_div_factor]
    )"""),
        "the defaults are written into it": Wrong(2, "first wrong at update 0",
            {"div_factor, pct_start": "25, 0.3"}),
        "a list of all rates": Wrong(0, "where one number is due", """
def one_cycle(
    t, peak, steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4, anneal="cos"
):
    start, turn = peak / div_factor, pct_start * steps - 1
    return list(
        np.interp(range(t + 1), [0, turn, steps - 1], [start, peak, start / final_div_factor])
    )"""),
        "counts its calls": Wrong(0, "it remembers its calls", {
            "start, turn":
            """global count
    count = 0 if t == 0 else count + 1
    start, turn""",
            "if t <": "if count <",
            "t / turn": "count / turn"}),
    })

ANSWERS["momentum"] = Known(right={
        "as a cycle turned over": """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    # A one-cycle of height 1 that starts at almost 0 and ends where it starts.
    share = one_cycle(t, 1.0, steps, pct_start, 1e15, 1.0, anneal)
    return high - (high - low) * share""",
        "between corners": """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    turn = pct_start * steps - 1
    x = np.interp(t, [0, turn, steps - 1], [1, 0, 1])
    return low + (high - low) * (x if anneal == "linear" else (1 - np.cos(np.pi * x)) / 2)""",
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
    return high""",
    }, wrong={
        "moves with the rate": Wrong(0, "first wrong at update 0: there it is",
            {"1, 0, 1]": "0, 1, 0]"}, of="between corners"),
        "read off the rate": Wrong(0, "which is too large", """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    rate = one_cycle(t, 1.0, steps, pct_start, anneal=anneal)
    return high - (high - low) * (rate - 0.04) / (1 - 0.04)"""),
        "a multiple of the rate": Wrong(0.5, "first wrong at update 0", """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    return high - (high - low) * one_cycle(t, 1.0, steps, pct_start, anneal=anneal)"""),
        "turns one update late": Wrong(0, "first wrong at update 1",
            {"* steps - 1": "* steps"}, of="between corners"),
        "turns in the middle": Wrong(0, "which is too large", """
def cycled_momentum(t, steps, low=0.85, high=0.95, pct_start=0.3, anneal="cos"):
    x = 1 - abs(2 * min(t, steps - 1) / (steps - 1) - 1)
    return high - (high - low) * (x if anneal == "linear" else (1 - np.cos(np.pi * x)) / 2)"""),
        "goes on past the end": Wrong(1.5, "right up to the end of the schedule, but past it", {
            "max(0.0, (steps - 1 - t) / (steps - 1 - turn)":
                "(steps - 1 - t) / (steps - 1 - turn"}),
        "the bounds are written into it": Wrong(1, "the momentum",
            {"1, 0, 1]": "0, 1, 0]", "low + (high - low)": "0.95 - 0.1"}, of="between corners"),
        "as a string": Wrong(0, "is the string",
            {"high - (high - low) * share": 'f"{high - (high - low) * share:.4f}"'}),
    })

ANSWERS["updates"] = Known(right={
        "rounding up by a negative division": """
def count_updates(images, batch_size, epochs, drop_last=True):
    if drop_last:
        return epochs * (images // batch_size)
    return epochs * -(-images // batch_size)""",
        "floor and ceil": """
def count_updates(images, batch_size, epochs, drop_last=True):
    rounded = math.floor if drop_last else math.ceil
    return rounded(images / batch_size) * epochs""",
        "batch by batch": """
def count_updates(images, batch_size, epochs, drop_last=True):
    starts = range(0, images, batch_size)
    full = [start for start in starts if start + batch_size <= images]
    return epochs * len(full if drop_last else starts)""",
    }, wrong={
        "drops once, at the end of the run": Wrong(0.25, "the number of updates is", {
            "epochs * (images // batch_size)": "images * epochs // batch_size",
            "epochs * -(-images": "-(-images * epochs"
        }, of="rounding up by a negative division"),
        "never drops": Wrong(0.5, "which is too large", """
def count_updates(images, batch_size, epochs, drop_last=True):
    return math.ceil(images / batch_size) * epochs"""),
        "always drops": Wrong(0.75, "drop_last=False: the number of updates", """
def count_updates(images, batch_size, epochs, drop_last=True):
    return images // batch_size * epochs"""),
        "one batch more even if nothing is left over": Wrong(0.75, "which is too large", """
def count_updates(images, batch_size, epochs, drop_last=True):
    return (images // batch_size + (not drop_last)) * epochs"""),
        "fractions of updates": Wrong(0.25, "which is too large", """
def count_updates(images, batch_size, epochs, drop_last=True):
    return images / batch_size * epochs"""),
        "one epoch": Wrong(0, "which is too small", """
def count_updates(images, batch_size, epochs, drop_last=True):
    return images // batch_size if drop_last else math.ceil(images / batch_size)"""),
        "the numbers of the check": Wrong(0, "the number of updates is", """
def count_updates(images, batch_size, epochs, drop_last=True):
    return 234 if drop_last else 237"""),
    })

ANSWERS["my-run"] = Known(right={
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
    }""",
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
    return dict(top=top, highest=highest, updates=n, last_if_kept=last)""",
    }, wrong={
        "counts the partial batches": Wrong(0, "'updates' is", """
def my_run():
    n = count_updates(mine["images"], mine["batch_size"], mine["epochs"], drop_last=False)
    rates = [
        one_cycle(t, mine["peak"], n, mine["pct_start"], anneal="linear") for t in range(n)
    ]
    top = int(np.argmax(rates))
    return {"updates": n, "top": top, "highest": rates[top], "last_if_kept": rates[-1]}"""),
        "with the cosine": Wrong(1, "'highest' is", """
def my_run():
    run = mine["images"], mine["batch_size"], mine["epochs"]
    n, longer = count_updates(*run), count_updates(*run, drop_last=False)
    rates = [one_cycle(t, mine["peak"], n, mine["pct_start"]) for t in range(n)]
    top = int(np.argmax(rates))
    last = one_cycle(n - 1, mine["peak"], longer, mine["pct_start"])
    return {"updates": n, "top": top, "highest": rates[top], "last_if_kept": last}"""),
        "the peak is the highest rate": Wrong(1, "'highest' is", {
            "rates.argmax()": 'mine["pct_start"] * n - 1',
            "rates.max()": 'mine["peak"]'}, of="with NumPy"),
        "the default share of the rise, from 1": Wrong(0.5, "'top' is", """
def my_run():
    run = mine["images"], mine["batch_size"], mine["epochs"]
    n, longer = count_updates(*run), count_updates(*run, drop_last=False)
    rates = [one_cycle(t, mine["peak"], n, anneal="linear") for t in range(n)]
    top = int(np.argmax(rates))
    last = one_cycle(n - 1, mine["peak"], longer, anneal="linear")
    return {"updates": n, "top": top + 1, "highest": rates[top], "last_if_kept": last}"""),
        "a neighbor's numbers": Wrong(0, "'updates' is", """
def my_run():
    return {"updates": 780, "top": 233, "highest": 0.4, "last_if_kept": 0.001}"""),
        "a list": Wrong(0, "where a dictionary is due", {
            '{"updates": made, "top": top, "highest": rates[top], "last_if_kept": last}':
                "[made, int(np.argmax(rates)), max(rates), last]"}),
        "prints": Wrong(0, "is None, where a dictionary is due", """
def my_run():
    print(count_updates(mine["images"], mine["batch_size"], mine["epochs"]))"""),
    })
