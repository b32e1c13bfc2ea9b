/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/results.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"
#include "report/json.h"

enum {
	LINE_LIMIT = 64 << 20, /* of one event: a census may be long */
	EVENT_LIMIT = 100000,
	SAMPLES = 3,
};

size_t results_cycles(const struct plan_leg *leg)
{
	return leg->cycle_count + leg->hold_count;
}

struct error *results_init(struct results *r, const struct plan *plan, const char *folder)
{
	_free_ char *path = NULL;
	struct error *error = file_join(folder, "kernel.log", &path);

	*r = (struct results){ .plan = plan };
	if (error)
		return error;
	r->events = json_array();
	r->layouts = json_object();
	r->complaints = json_array();
	r->samples = json_array();
	r->logs = calloc(plan->leg_count + 1, sizeof(*r->logs));
	r->accounts = calloc(plan->leg_count, sizeof(*r->accounts));
	r->histograms = calloc(JOURNAL_HISTOGRAMS, sizeof(*r->histograms));
	if (!r->events || !r->layouts || !r->complaints || !r->samples || !r->logs ||
	    !r->accounts || !r->histograms)
		return error_nomem();
	for (size_t i = 0; i < plan->leg_count; i++) {
		r->accounts[i] =
			calloc(results_cycles(&plan->legs[i]), sizeof(**r->accounts));
		if (!r->accounts[i])
			return error_nomem();
	}
	r->log = fopen(path, "we");
	return r->log ? NULL : error_errno(errno, "cannot make %s", path);
}

void results_deinit(struct results *r)
{
	for (size_t i = 0; r->accounts && i < r->plan->leg_count; i++)
		free(r->accounts[i]);
	free(r->accounts);
	free(r->histograms);
	free(r->logs);
	json_decref(r->events);
	json_decref(r->layouts);
	json_decref(r->complaints);
	json_decref(r->samples);
	if (r->log)
		fclose(r->log);
	strbuf_deinit(&r->partial);
	strbuf_deinit(&r->noise);
	strbuf_deinit(&r->told);
	*r = (struct results){ 0 };
}

static uint64_t number(const json_t *event, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(event, key));

	return value > 0 ? (uint64_t)value : 0;
}

/* A few lines of each leg, to show what it is that is logged. */
static void take_sample(struct results *r, size_t leg, const char *text)
{
	while (leg < r->plan->leg_count && json_array_size(r->samples) <= leg)
		json_array_append_new(r->samples, json_array());
	if (json_array_size(json_array_get(r->samples, leg)) < SAMPLES)
		json_array_append_new(json_array_get(r->samples, leg),
				      json_any_string(text));
}

/* In the form of dmesg, so that everything that reads kernel logs reads this. */
static struct error *take_log(struct results *r, json_t *event)
{
	uint64_t us = number(event, "us");
	const char *text = json_string_value(json_object_get(event, "text"));

	fprintf(r->log, "[%5llu.%06llu] %s\n", (unsigned long long)(us / 1000000),
		(unsigned long long)(us % 1000000), text ? text : "");
	if (ferror(r->log))
		return error_errno(errno, "cannot write kernel.log");
	r->log_count++;
	take_sample(r, number(event, "leg"), text ? text : "");
	json_object_set_new(event, "line", json_integer((json_int_t)r->log_count));
	if (json_integer_value(json_object_get(event, "level")) <= 4)
		json_array_append(r->complaints, event);
	return NULL;
}

static void add_account(struct account *a, uint64_t passes, uint64_t failed,
			uint64_t missed, uint64_t expected, double seconds)
{
	a->passes += passes;
	a->failed += failed;
	a->missed += missed;
	a->expected_errors += expected;
	if (a->seconds_before + seconds > a->seconds)
		a->seconds = a->seconds_before + seconds;
}

static void first_failure(struct account *a, uint64_t pass, unsigned int step, int result)
{
	if (!a->first_result && result) {
		a->first_pass = pass;
		a->first_step = step;
		a->first_result = result;
	}
}

static void take_leg(struct results *r, const json_t *event, double stamps_per_second)
{
	size_t leg = number(event, "leg"), i;
	const json_t *list = json_object_get(event, "workers"), *w;

	if (leg >= r->plan->leg_count)
		return;
	json_array_foreach((json_t *)list, i, w)
	{
		size_t cycle = number(w, "cycle");
		struct account *a;

		if (cycle >= results_cycles(&r->plan->legs[leg]))
			continue;
		a = &r->accounts[leg][cycle];
		add_account(a, number(w, "passes"), number(w, "failed"),
			    number(w, "missed"), number(w, "expected errors"),
			    (double)number(w, "stamps") / stamps_per_second);
		first_failure(
			a, number(w, "first pass"), (unsigned int)number(w, "first step"),
			(int)json_integer_value(json_object_get(w, "first result")));
	}
}

static void take_volume(struct results *r, struct leg_log *log, const json_t *event)
{
	uint64_t lines = number(event, "lines"), bytes = number(event, "bytes");
	uint64_t peak_lines = number(event, "peak lines");
	uint64_t peak_bytes = number(event, "peak bytes");

	log->lines += lines - r->lines_seen;
	log->bytes += bytes - r->bytes_seen;
	if (peak_lines > log->peak_lines)
		log->peak_lines = peak_lines;
	if (peak_bytes > log->peak_bytes)
		log->peak_bytes = peak_bytes;
	r->lines_seen = lines;
	r->bytes_seen = bytes;
}

static struct error *take_event(struct results *r, json_t *event)
{
	const char *what = json_string_value(json_object_get(event, "event"));
	const char *name = json_string_value(json_object_get(event, "name"));
	size_t leg = number(event, "leg");

	if (!what)
		return NULL;
	if (!strcmp(what, "log"))
		return take_log(r, event);
	if (!strcmp(what, "layout") && name && json_object_size(r->layouts) < EVENT_LIMIT)
		return json_object_set(r->layouts, name, event) ? error_nomem() : NULL;
	if (!strcmp(what, "log volume") && leg < r->plan->leg_count) {
		take_volume(r, &r->logs[leg], event);
		return NULL;
	}
	if (!strcmp(what, "leg") && leg < r->plan->leg_count)
		r->leg = leg;
	if (!strcmp(what, "end"))
		r->ended = true;
	if (!strcmp(what, "oops"))
		r->broken = true;
	if (!strcmp(what, "stuck") && r->plan->policy.on_stuck != ON_STUCK_WAIT)
		r->stuck = true;
	if (json_array_size(r->events) < EVENT_LIMIT &&
	    json_array_append(r->events, event))
		return error_nomem();
	return NULL;
}

static struct error *take_line(struct results *r, const char *line, size_t length)
{
	json_t *event = json_loadb(line, length, 0, NULL);
	struct error *error;

	/* a target out of its mind may say anything: what is no event is noise */
	if (!json_is_object(event)) {
		json_decref(event);
		strbuf_add(&r->noise, line, length < 400 ? length : 400);
		strbuf_addc(&r->noise, '\n');
		return NULL;
	}
	error = take_event(r, event);
	json_decref(event);
	return error;
}

struct error *results_take(struct results *r, bool diagnostic, const void *data,
			   size_t size)
{
	struct error *error = NULL;
	size_t begin = 0;
	char *end;

	if (diagnostic) {
		if (r->noise.length < 65536)
			strbuf_add(&r->noise, data, size);
		return strbuf_error(&r->noise);
	}
	strbuf_add(&r->partial, data, size);
	if (r->partial.length > LINE_LIMIT)
		return error_new(ERROR_SYSTEM, "the agent's output makes no sense");
	while (!error && begin < r->partial.length &&
	       (end = memchr(r->partial.data + begin, '\n', r->partial.length - begin))) {
		size_t length = (size_t)(end - r->partial.data) - begin;

		error = take_line(r, r->partial.data + begin, length);
		begin += length + 1;
	}
	if (begin) {
		memmove(r->partial.data, r->partial.data + begin,
			r->partial.length - begin);
		r->partial.length -= begin;
	}
	return error ? error : strbuf_error(&r->partial);
}

void results_restart(struct results *r)
{
	r->restarts++;
	for (size_t leg = 0; leg < r->plan->leg_count; leg++)
		for (size_t i = 0; i < results_cycles(&r->plan->legs[leg]); i++)
			r->accounts[leg][i].seconds_before = r->accounts[leg][i].seconds;
	r->lines_seen = r->bytes_seen = 0;
	json_object_clear(r->layouts);
	r->ended = r->stuck = r->broken = false;
	strbuf_truncate(&r->partial, 0);
	strbuf_truncate(&r->noise, 0);
}

static void salvage_leg(struct results *r, const struct journal *journal, double rate)
{
	for (size_t i = 0; i < JOURNAL_WORKERS; i++) {
		const struct journal_worker w = journal->workers[i];
		uint64_t end = w.ended ? w.ended : w.since;
		struct account *a;

		if (!w.pid || w.leg != r->leg ||
		    w.cycle >= results_cycles(&r->plan->legs[r->leg]))
			continue;
		a = &r->accounts[r->leg][w.cycle];
		add_account(a, w.passes, w.failed, w.missed, w.expected_errors,
			    end > w.started ? (double)(end - w.started) / rate : 0);
		first_failure(a, w.first_pass, w.first_step, w.first_result);
	}
}

void results_salvage(struct results *r, const struct journal *journal)
{
	double rate = (double)journal->header->stamps_per_second;
	bool done = false;

	if (rate < 1)
		rate = 1e9;
	for (; r->salvaged < json_array_size(r->events); r->salvaged++) {
		const json_t *event = json_array_get(r->events, r->salvaged);
		const char *what = json_string_value(json_object_get(event, "event"));

		if (!what || strcmp(what, "leg done"))
			continue;
		take_leg(r, event, rate);
		done = done || number(event, "leg") == r->leg;
	}
	if (!done)
		salvage_leg(r, journal, rate);
	for (size_t i = 0; i < JOURNAL_HISTOGRAMS; i++)
		histogram_merge(&r->histograms[i], &journal->histograms[i]);
}
