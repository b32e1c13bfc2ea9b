/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/screen.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/units.h"
#include "common/utf8.h"
#include "cycler/complaints.h"
#include "target/clock.h"

enum {
	TERMINAL_MS = 250,
	PLAIN_SECONDS = 10,
	NAME_WIDTH = 26,
	COMPLAINTS_LOOKED_AT = 50,
};

/* A cycle of the running leg, over all its workers. */
struct account_now {
	uint64_t passes, failed, missed, expected;
	struct histogram pass, lateness;
	double scale; /* ns a stamp */
};

void screen_init(struct screen *screen, bool quiet)
{
	const char *terminal = getenv("TERM");
	bool dumb = !terminal || !strcmp(terminal, "dumb");
	bool tty = isatty(STDERR_FILENO) && !dumb;

	*screen = (struct screen){
		.fd = STDERR_FILENO,
		.tty = tty,
		.quiet = quiet,
		.begun_ns = clock_now(),
		.leg_ns = clock_now(),
		.every_ns = tty ? TERMINAL_MS * CLOCK_MS : PLAIN_SECONDS * CLOCK_SECOND,
	};
	screen->shown_ns = tty ? 0 : screen->begun_ns;
}

static void put(int fd, const struct strbuf *text)
{
	const char *at = strbuf_string(text);
	size_t left = text->length;

	while (left) {
		ssize_t n = write(fd, at, left);

		if (n <= 0)
			return;
		at += n;
		left -= (size_t)n;
	}
}

static const struct plan_leg *leg_of(const struct screen_view *v)
{
	return &v->plan->legs[v->results->leg];
}

static void look(const struct screen_view *v, size_t number, struct account_now *ret)
{
	const struct plan_cycle *cycle = plan_cycle_at(leg_of(v), number);
	uint64_t rate = v->journal->header->stamps_per_second;
	unsigned int worker = 0;

	*ret = (struct account_now){ .scale = rate ? 1e9 / (double)rate : 1 };
	for (size_t i = 0; i < JOURNAL_WORKERS; i++) {
		const struct journal_worker *w = &v->journal->workers[i];
		size_t first;

		if (!w->pid || w->leg != v->results->leg || w->cycle != number)
			continue;
		ret->passes += __atomic_load_n(&w->passes, __ATOMIC_RELAXED);
		ret->failed += w->failed;
		ret->missed += w->missed;
		ret->expected += w->expected_errors;
		if (worker >= cycle->workers)
			continue;
		first = plan_histogram(v->plan, v->results->leg, number, worker++,
				       cycle->step_count);
		histogram_merge(&ret->pass, &v->journal->histograms[first]);
		histogram_merge(&ret->lateness, &v->journal->histograms[first + 1]);
	}
}

/* The first line of a report with a stack, which is no complaint for complaints.h. */
static bool begins_report(const char *line)
{
	static const char *const words[] = {
		"BUG:",		  "WARNING:",
		"kernel BUG at",  "Oops:",
		"KASAN:",	  "general protection",
		"UBSAN:",	  "INFO: task",
		"INFO: possible", "rcu_sched self-detected"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* The last line of the kernel's log that is a complaint; NULL: none so far. */
static const char *last_complaint(const struct results *r, size_t *count)
{
	size_t total = json_array_size(r->complaints);
	const char *last = NULL;

	*count = 0;
	for (size_t i = total; i-- > 0 && i + COMPLAINTS_LOOKED_AT > total;) {
		const char *text = json_string_value(
			json_object_get(json_array_get(r->complaints, i), "text"));

		if (!text || !(complaint_of(text) || begins_report(text)))
			continue;
		++*count;
		last = last ? last : text;
	}
	return last;
}

static double seconds_between(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) / 1e9 : 0;
}

/* Seconds that @cycle still takes; below 0: nobody knows. */
static double cycle_left(const struct plan_cycle *cycle, uint64_t passes, double elapsed)
{
	double by_time = -1, by_count = -1, rate = cycle->schedule.rate;

	if (cycle->duration)
		by_time = (double)cycle->duration / 1e9 - elapsed;
	if (cycle->passes) {
		double total = (double)(cycle->passes * cycle->workers);

		if (passes && elapsed > 0)
			rate = (double)passes / elapsed;
		else
			rate *= cycle->workers;
		by_count = rate > 0 ? (total - (double)passes) / rate : -1;
	}
	if (by_time >= 0 && by_count >= 0)
		return by_time < by_count ? by_time : by_count;
	return by_time >= 0 ? by_time : by_count;
}

/* The running leg's, and those after it as far as they say how long they take. */
static double time_left(const struct screen *s, const struct screen_view *v, uint64_t now)
{
	double sum = 0;

	for (size_t leg = v->results->leg; leg < v->plan->leg_count; leg++) {
		const struct plan_leg *l = &v->plan->legs[leg];
		bool running = leg == v->results->leg;
		double longest = -1;

		for (size_t i = 0; i < l->cycle_count; i++) {
			struct account_now a = { 0 };
			double left;

			if (running)
				look(v, i, &a);
			left = cycle_left(&l->cycles[i], a.passes,
					  running ? seconds_between(s->leg_ns, now) : 0);
			if (left < 0)
				return -1;
			longest = left > longest ? left : longest;
		}
		sum += longest;
	}
	return sum;
}

/* "1:02:07", "0:41": it must not jump while one looks at it. */
static void add_clock(struct strbuf *out, double seconds)
{
	unsigned long long s = (unsigned long long)seconds;

	if (s >= 3600)
		strbuf_addf(out, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
	else
		strbuf_addf(out, "%llu:%02llu", s / 60, s % 60);
}

/* Passes a second over the last seconds. */
static double rate_now(const struct screen *s, size_t cycle, uint64_t passes,
		       uint64_t now)
{
	size_t first = s->past_count > SCREEN_PAST ? s->past_count - SCREEN_PAST : 0;
	double seconds;

	if (first == s->past_count || cycle >= SCREEN_CYCLES)
		return 0;
	seconds = seconds_between(s->past[first % SCREEN_PAST].ns, now);
	if (seconds <= 0 || passes < s->past[first % SCREEN_PAST].passes[cycle])
		return 0;
	return (double)(passes - s->past[first % SCREEN_PAST].passes[cycle]) / seconds;
}

static size_t columns(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* At least @width columns, text to the left or to the right. */
static void add_padded(struct strbuf *out, const char *text, size_t width, bool right)
{
	size_t n = columns(text), gap = n < width ? width - n : 0;

	if (right)
		strbuf_pad(out, ' ', gap);
	strbuf_adds(out, text);
	if (!right)
		strbuf_pad(out, ' ', gap);
}

static void add_cell(struct strbuf *out, void (*add)(struct strbuf *, uint64_t),
		     uint64_t value, size_t width)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;

	add(&text, value);
	strbuf_adds(out, "  ");
	add_padded(out, strbuf_string(&text), width, true);
}

static void add_rate_cell(struct strbuf *out, double rate, const char *none, size_t width)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;

	if (rate > 0)
		units_add_rate(&text, rate);
	else
		strbuf_adds(&text, none);
	strbuf_adds(out, "  ");
	add_padded(out, strbuf_string(&text), width, true);
}

static void add_name(struct strbuf *out, const char *name)
{
	_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t n = columns(name);

	/* the end of a path tells more than its beginning */
	if (n > NAME_WIDTH) {
		strbuf_adds(&text, "…");
		for (size_t cut = n - NAME_WIDTH + 1; cut; cut--)
			name += utf8_length((const unsigned char *)name) ?: 1;
	}
	strbuf_adds(&text, name);
	strbuf_adds(out, "  ");
	add_padded(out, strbuf_string(&text), NAME_WIDTH, false);
}

static const struct {
	const char *name;
	double share;
} shown[] = {
	{ "p50", 0.5 },
	{ "p99", 0.99 },
	{ "p99.9", 0.999 },
	{ "max", 1 },
};

static void add_latencies(struct strbuf *out, const struct histogram *h, double scale)
{
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		if (!h->count) {
			strbuf_pad(out, ' ', 9);
			strbuf_addc(out, '-');
			continue;
		}
		add_cell(
			out, units_add_duration,
			(uint64_t)((double)histogram_quantile(h, shown[i].share) * scale),
			8);
	}
}

static void add_cycle(const struct screen *s, const struct screen_view *v, size_t number,
		      const struct style *style, uint64_t now, struct strbuf *out)
{
	const struct plan_cycle *cycle = plan_cycle_at(leg_of(v), number);
	_strbuf_ struct strbuf missed = STRBUF_INIT;
	struct account_now a;

	look(v, number, &a);
	add_name(out, cycle->name);
	add_cell(out, units_add_count, a.passes, 11);
	strbuf_adds(out, a.failed ? style->red : "");
	add_cell(out, units_add_count, a.failed, 6);
	strbuf_adds(out, a.failed ? style->reset : "");
	add_rate_cell(out, cycle->schedule.rate * cycle->workers, "max", 9);
	add_rate_cell(out, rate_now(s, number, a.passes, now), "-", 9);
	add_latencies(out, &a.pass, a.scale);
	strbuf_addc(out, '\n');
	if (!a.lateness.count)
		return;
	add_name(out, "  lateness");
	units_add_count(&missed, a.missed);
	strbuf_adds(&missed, a.missed == 1 ? " slot missed" : " slots missed");
	add_padded(out, strbuf_string(&missed), 13 + 8 + 11 + 11, true);
	add_latencies(out, &a.lateness, 1); /* kept in ns */
	strbuf_addf(out, "\n");
}

static void add_head(const struct screen *s, const struct screen_view *v,
		     const struct style *style, uint64_t now, struct strbuf *out)
{
	const struct plan_leg *leg = leg_of(v);
	double left = time_left(s, v, now);

	strbuf_addf(out, "%s%s%s  leg %zu of %zu: %s  ", style->bold, v->plan->name,
		    style->reset, v->results->leg + 1, v->plan->leg_count, leg->name);
	add_clock(out, seconds_between(s->begun_ns, now));
	if (left >= 0) {
		strbuf_adds(out, ", ");
		add_clock(out, left);
		strbuf_adds(out, " left");
	}
	strbuf_addf(out, "\n%s%s%s\n\n", style->dim, v->machine, style->reset);
}

static void add_wired(const struct screen_view *v, struct strbuf *out)
{
	const struct journal_header *h = v->journal->header;
	bool more = h->wired >= h->wired_at_start;

	if (!h->wired_at_start) {
		strbuf_adds(out, "-");
		return;
	}
	units_add_size(out, h->wired);
	strbuf_adds(out, more ? ", +" : ", -");
	units_add_size(out, more ? h->wired - h->wired_at_start
				 : h->wired_at_start - h->wired);
	strbuf_adds(out, " since the start");
}

static void add_feet(const struct screen_view *v, const struct style *style,
		     struct strbuf *out)
{
	size_t count;
	const char *last = last_complaint(v->results, &count);

	strbuf_adds(out, "\n  wired     ");
	add_wired(v, out);
	strbuf_adds(out, "\n  journal   ");
	units_add_count(out, archive_count(v->archive));
	strbuf_adds(out, " records, ");
	units_add_size(out, archive_size(v->archive));
	if (archive_thinned(v->archive))
		strbuf_addf(out, ", old passes as histograms of %u s",
			    archive_width(v->archive));
	if (v->results->restarts)
		strbuf_addf(out, "\n  targets   %llu died and %s replaced",
			    (unsigned long long)v->results->restarts,
			    v->results->restarts == 1 ? "was" : "were");
	strbuf_addf(out, "\n  kernel    %s%s%s\n", last ? style->red : style->green,
		    last ? last : "no complaint", style->reset);
	strbuf_addf(out, "%sCtrl-C ends it with a verdict so far%s\n", style->dim,
		    style->reset);
}

void screen_draw(const struct screen *s, const struct screen_view *v,
		 const struct style *style, uint64_t now, struct strbuf *out)
{
	const struct plan_leg *leg = leg_of(v);
	size_t rows = leg->cycle_count < SCREEN_CYCLES ? leg->cycle_count : SCREEN_CYCLES;

	add_head(s, v, style, now, out);
	strbuf_addf(out, "%s", style->dim);
	add_name(out, "");
	strbuf_addf(out, "  %11s  %6s  %9s  %9s  %8s  %8s  %8s  %8s%s\n", "passes",
		    "failed", "asked", "kept", "p50", "p99", "p99.9", "max",
		    style->reset);
	for (size_t i = 0; i < rows; i++)
		add_cycle(s, v, i, style, now, out);
	if (rows < leg->cycle_count)
		strbuf_addf(out, "  and %zu more\n", leg->cycle_count - rows);
	add_feet(v, style, out);
}

void screen_line(const struct screen *s, const struct screen_view *v, uint64_t now,
		 struct strbuf *out)
{
	const struct plan_leg *leg = leg_of(v);
	double left = time_left(s, v, now), elapsed = seconds_between(s->leg_ns, now);
	uint64_t passes = 0, failed = 0, total = 0;
	size_t count;
	const char *last = last_complaint(v->results, &count);

	for (size_t i = 0; i < leg->cycle_count; i++) {
		struct account_now a;

		look(v, i, &a);
		passes += a.passes;
		failed += a.failed;
		total = leg->cycles[i].passes && (!i || total)
				? total + leg->cycles[i].passes * leg->cycles[i].workers
				: 0;
	}
	strbuf_addf(out, "%s  ", leg->name);
	units_add_count(out, passes);
	if (total) {
		strbuf_adds(out, " of ");
		units_add_count(out, total);
	}
	strbuf_adds(out, " passes  ");
	units_add_rate(out, elapsed > 0 ? (double)passes / elapsed : 0);
	if (failed) {
		strbuf_adds(out, "  ");
		units_add_count(out, failed);
		strbuf_adds(out, " failed");
	}
	if (left >= 0) {
		strbuf_adds(out, "  ");
		add_clock(out, left);
		strbuf_adds(out, " left");
	}
	strbuf_adds(out, "  wired ");
	add_wired(v, out);
	if (last)
		strbuf_addf(out, "  kernel: %s", last);
	strbuf_addc(out, '\n');
}

/* Copies what fits into @width columns of each line; escape sequences take none. */
static unsigned int fit(const char *text, unsigned int width, struct strbuf *out)
{
	unsigned int lines = 0, column = 0;

	while (*text) {
		size_t n = utf8_length((const unsigned char *)text);

		if (*text == '\033') {
			n = strcspn(text, "m") + 1;
			strbuf_add(out, text, n);
		} else if (*text == '\n') {
			strbuf_adds(out, "\033[K\n");
			lines++;
			column = 0;
		} else if (column < width) {
			/* what a driver logs must not move our cursor */
			if (n && (unsigned char)*text >= 0x20)
				strbuf_add(out, text, n);
			else
				strbuf_addc(out, '?');
			column++;
		}
		text += n ? n : 1;
	}
	return lines;
}

void screen_clear(struct screen *s)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;

	if (s->height)
		strbuf_addf(&out, "\033[%uA\r\033[J", s->height);
	put(s->fd, &out);
	s->height = 0;
}

static void redraw(struct screen *s, const struct screen_view *v, uint64_t now)
{
	_strbuf_ struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
	struct style style = style_for(s->fd);
	unsigned int height;

	screen_draw(s, v, &style, now, &text);
	if (s->height)
		strbuf_addf(&out, "\033[%uA\r", s->height);
	height = fit(strbuf_string(&text), style.width ? style.width : 80, &out);
	strbuf_adds(&out, "\033[J");
	put(s->fd, &out);
	s->height = height;
}

/* A leg goes at its own pace, so its rates say nothing of the next one's. */
static void reach_leg(struct screen *s, const struct screen_view *v, uint64_t now)
{
	if (s->any && s->leg == v->results->leg)
		return;
	s->leg = v->results->leg;
	s->leg_ns = now;
	s->past_count = 0;
	s->any = true;
}

static void remember(struct screen *s, const struct screen_view *v, uint64_t now)
{
	size_t place = s->past_count++ % SCREEN_PAST;
	const struct plan_leg *leg = leg_of(v);

	s->past[place].ns = now;
	for (size_t i = 0; i < leg->cycle_count && i < SCREEN_CYCLES; i++) {
		s->past[place].passes[i] = 0;
		for (size_t k = 0; k < JOURNAL_WORKERS; k++) {
			const struct journal_worker *w = &v->journal->workers[k];

			if (w->pid && w->leg == s->leg && w->cycle == i)
				s->past[place].passes[i] += w->passes;
		}
	}
}

void screen_update(struct screen *s, const struct screen_view *v)
{
	_strbuf_ struct strbuf line = STRBUF_INIT;
	uint64_t now = clock_now();

	reach_leg(s, v, now);
	if (s->quiet || now - s->shown_ns < s->every_ns)
		return;
	s->shown_ns = now;
	if (s->tty) {
		redraw(s, v, now);
		remember(s, v, now);
		return;
	}
	screen_line(s, v, now, &line);
	put(s->fd, &line);
}

/* What a leg's end told, and is in no account before its target's end. */
static void add_told(const struct results *r, size_t leg, size_t number, uint64_t *passes,
		     uint64_t *failed)
{
	const json_t *w;
	size_t i;

	for (size_t e = r->salvaged; e < json_array_size(r->events); e++) {
		const json_t *event = json_array_get(r->events, e);
		const char *what = json_string_value(json_object_get(event, "event"));

		if (!what || strcmp(what, "leg done") ||
		    json_integer_value(json_object_get(event, "leg")) != (json_int_t)leg)
			continue;
		json_array_foreach(json_object_get(event, "workers"), i, w)
		{
			if (json_integer_value(json_object_get(w, "cycle")) !=
			    (json_int_t)number)
				continue;
			*passes += (uint64_t)json_integer_value(
				json_object_get(w, "passes"));
			*failed += (uint64_t)json_integer_value(
				json_object_get(w, "failed"));
		}
	}
}

/* Legs that are through have told their counts, the running one is in the journal. */
static void add_so_far(const struct screen_view *v, size_t leg, size_t number,
		       struct strbuf *out)
{
	const struct account *done = &v->results->accounts[leg][number];
	const struct plan_cycle *cycle = plan_cycle_at(&v->plan->legs[leg], number);
	struct account_now a = { .passes = done->passes, .failed = done->failed };

	if (leg == v->results->leg) {
		look(v, number, &a);
		a.passes += done->passes;
		a.failed += done->failed;
	} else {
		add_told(v->results, leg, number, &a.passes, &a.failed);
	}
	if (!a.passes && leg != v->results->leg)
		return;
	strbuf_addf(out, "  %s: %s  ", v->plan->legs[leg].name, cycle->name);
	units_add_count(out, a.passes);
	strbuf_adds(out, " passes, ");
	units_add_count(out, a.failed);
	strbuf_adds(out, " failed");
	for (size_t i = 0; a.pass.count && i < sizeof(shown) / sizeof(*shown); i++) {
		strbuf_addf(out, "  %s ", shown[i].name);
		units_add_duration(out, (uint64_t)((double)histogram_quantile(
							   &a.pass, shown[i].share) *
						   a.scale));
	}
	strbuf_addc(out, '\n');
}

static uint64_t failed_so_far(const struct screen_view *v)
{
	uint64_t failed = 0, passes = 0;

	for (size_t leg = 0; leg <= v->results->leg; leg++)
		for (size_t i = 0; i < v->plan->legs[leg].cycle_count; i++) {
			failed += v->results->accounts[leg][i].failed;
			if (leg != v->results->leg)
				add_told(v->results, leg, i, &passes, &failed);
		}
	for (size_t i = 0; i < JOURNAL_WORKERS; i++)
		if (v->journal->workers[i].pid)
			failed += v->journal->workers[i].failed;
	return failed;
}

void screen_status(struct screen *s, const struct screen_view *v)
{
	_strbuf_ struct strbuf out = STRBUF_INIT;
	uint64_t failed = failed_so_far(v);
	size_t complaints;
	const char *last = last_complaint(v->results, &complaints);

	screen_clear(s);
	strbuf_addf(&out, "%s, after ", v->plan->name);
	units_add_duration(&out, clock_now() - s->begun_ns);
	strbuf_addf(&out, ": %s so far\n",
		    v->results->stuck		     ? "a step hangs"
		    : failed || v->results->restarts ? "failures"
		    : last			     ? "complaints of the kernel"
						     : "clean");
	for (size_t leg = 0; leg <= v->results->leg; leg++)
		for (size_t i = 0; i < v->plan->legs[leg].cycle_count; i++)
			add_so_far(v, leg, i, &out);
	strbuf_adds(&out, "  wired ");
	add_wired(v, &out);
	strbuf_addf(&out, "; the kernel: %s\n", last ? last : "no complaint");
	put(s->fd, &out);
}
