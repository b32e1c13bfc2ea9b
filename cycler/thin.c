/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/thin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

enum {
	BLOCK = 2048,	  /* records read or written at once */
	PASS_LIMIT = 320, /* records of one pass; more are kept as they are */
	CELLS = 1024,	  /* summaries that can be open at once */
};

/* A worker's running pass: which records it has so far, and whether they must stay. */
struct pass {
	bool open, keep, begun; /* begun: its last step has not ended */
	uint8_t leg, cycle, step;
	uint32_t pass;
	uint64_t first_stamp, begin_stamp, last_stamp;
	uint64_t sequence; /* low bits of the first record's */
	uint32_t count;
	uint64_t records[PASS_LIMIT];
};

struct cell {
	uint8_t leg, cycle, step;
	uint8_t what; /* enum thin_what */
	uint32_t pass, sequence;
	uint64_t number;
	struct thin_counts latencies;
};

struct thinning {
	const struct thin_job *job;
	uint64_t limit;	     /* records before this one are thinned */
	uint8_t *gone;	     /* a bit for each of those */
	struct pass *passes; /* [JOURNAL_WORKERS] */
	struct cell *cells;
	size_t cell_count, last_cell;
	bool open;	   /* an interval is */
	uint64_t interval; /* its number since stamp 0 */
	uint64_t per_second;
	struct journal_record *in, *out;
	uint64_t in_first, in_count;
	size_t out_count;
	struct thin_result result;
};

void thin_add(struct thin_counts *counts, uint64_t stamps, uint32_t times)
{
	unsigned int octave = stamps < 4 ? 0 : 63 - (unsigned int)__builtin_clzll(stamps);
	unsigned int quarter = stamps < 4 ? (unsigned int)stamps
					  : (unsigned int)(stamps >> (octave - 2)) & 3;
	uint32_t *count = &counts->counts[octave][quarter];

	*count = *count + times < *count ? UINT32_MAX : *count + times;
}

void thin_bounds(unsigned int octave, unsigned int quarter, uint64_t *from, uint64_t *to)
{
	if (octave < 2) {
		*from = *to = quarter;
		return;
	}
	*from = (uint64_t)(4 + quarter) << (octave - 2);
	*to = *from + ((uint64_t)1 << (octave - 2)) - 1;
}

static void buckets_of(const struct journal_record *record, uint32_t ret[THIN_QUARTERS])
{
	ret[0] = (uint32_t)record->stamp;
	ret[1] = (uint32_t)(record->stamp >> 32);
	ret[2] = record->pass;
	ret[3] = (uint32_t)record->result;
}

bool thin_take(struct thin_counts *counts, const struct journal_record *record)
{
	uint32_t quarters[THIN_QUARTERS];
	uint64_t from, to;

	if (record->kind != JOURNAL_BUCKETS || record->worker >= THIN_OCTAVES ||
	    record->worker == 1)
		return false;
	buckets_of(record, quarters);
	for (unsigned int i = 0; i < THIN_QUARTERS; i++) {
		thin_bounds(record->worker, i, &from, &to);
		if (quarters[i])
			thin_add(counts, from, quarters[i]);
	}
	return true;
}

uint64_t thin_quantile(const struct thin_counts *counts, double share)
{
	uint64_t total = 0, seen = 0, wanted, from, to = 0;

	for (unsigned int i = 0; i < THIN_OCTAVES; i++)
		for (unsigned int q = 0; q < THIN_QUARTERS; q++)
			total += counts->counts[i][q];
	wanted = (uint64_t)(share * (double)total);
	if (total && wanted >= total)
		wanted = total - 1;
	for (unsigned int i = 0; i < THIN_OCTAVES; i++)
		for (unsigned int q = 0; q < THIN_QUARTERS; q++) {
			seen += counts->counts[i][q];
			if (!counts->counts[i][q] || seen <= wanted)
				continue;
			thin_bounds(i, q, &from, &to);
			return to;
		}
	return to;
}

static struct error *read_block(struct thinning *t, uint64_t first)
{
	size_t done = 0, size;

	t->in_first = first;
	t->in_count = t->job->count - first < BLOCK ? t->job->count - first : BLOCK;
	size = t->in_count * sizeof(*t->in);
	while (done < size) {
		ssize_t n =
			pread(t->job->from, (uint8_t *)t->in + done, size - done,
			      (off_t)(t->job->offset + first * sizeof(*t->in) + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(n ? errno : EIO,
					   "cannot read the journal again");
		done += (size_t)n;
	}
	return NULL;
}

static struct error *record_at(struct thinning *t, uint64_t index,
			       const struct journal_record **ret)
{
	struct error *error = NULL;

	if (index < t->in_first || index >= t->in_first + t->in_count)
		error = read_block(t, index);
	*ret = &t->in[index - t->in_first];
	return error;
}

static struct error *flush(struct thinning *t)
{
	size_t done = 0, size = t->out_count * sizeof(*t->out);

	while (done < size) {
		ssize_t n = pwrite(t->job->to, (uint8_t *)t->out + done, size - done,
				   (off_t)(t->job->offset +
					   t->result.count * sizeof(*t->out) + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(n ? errno : ENOSPC, "cannot write %s",
					   t->job->path);
		done += (size_t)n;
	}
	t->result.count += t->out_count;
	t->out_count = 0;
	return NULL;
}

static struct error *put(struct thinning *t, const struct journal_record *record)
{
	t->out[t->out_count++] = *record;
	return t->out_count == BLOCK ? flush(t) : NULL;
}

static void take_clock(struct thinning *t, const struct journal_record *record)
{
	if (record->kind == JOURNAL_CLOCK && record->step == 1)
		t->per_second = journal_value(record);
}

static bool is_summary(const struct journal_record *record)
{
	return record->kind == JOURNAL_SUMMARY || record->kind == JOURNAL_BUCKETS;
}

static bool is_missed(const struct journal_record *record)
{
	return record->kind == JOURNAL_MARK && record->step == JOURNAL_MARK_MISSED;
}

/* A mark that says something of whatever runs just then. */
static bool is_alarm(const struct journal_record *record)
{
	return record->kind == JOURNAL_MARK && record->step != JOURNAL_MARK_MISSED &&
	       record->step != JOURNAL_MARK_LEG && record->step != JOURNAL_MARK_LEG_DONE;
}

static bool is_whole(const struct journal_record *record)
{
	return journal_valid(record, (uint64_t)record->sequence - 1);
}

/* First look: which records can go. */

static void close_pass(struct thinning *t, struct pass *p)
{
	if (p->open && !p->keep && !p->begun && p->count <= PASS_LIMIT)
		for (uint32_t i = 0; i < p->count; i++)
			t->gone[p->records[i] / 8] |= (uint8_t)(1 << p->records[i] % 8);
	p->open = false;
}

static struct pass *pass_of(struct thinning *t, const struct journal_record *r)
{
	return r->worker < JOURNAL_WORKERS && (r->kind == JOURNAL_BEGIN ||
					       r->kind == JOURNAL_END || is_missed(r))
		       ? &t->passes[r->worker]
		       : NULL;
}

static bool continues(const struct pass *p, const struct journal_record *r)
{
	return p->open && p->pass == r->pass && p->leg == r->leg && p->cycle == r->cycle;
}

static void open_pass(struct pass *p, const struct journal_record *r)
{
	p->open = true;
	p->keep = p->begun = false;
	p->leg = r->leg;
	p->cycle = r->cycle;
	p->pass = r->pass;
	p->count = 0;
	p->first_stamp = r->stamp;
	p->sequence = r->sequence;
}

static void look_at(struct thinning *t, const struct journal_record *r, uint64_t index)
{
	struct pass *p = pass_of(t, r);

	for (size_t i = 0; is_alarm(r) && i < JOURNAL_WORKERS; i++)
		t->passes[i].keep = true;
	if (!p)
		return;
	if (!continues(p, r)) {
		close_pass(t, p);
		open_pass(p, r);
	}
	if (p->count < PASS_LIMIT)
		p->records[p->count] = index;
	p->count += p->count <= PASS_LIMIT;
	if (r->kind == JOURNAL_BEGIN)
		p->begun = true;
	if (r->kind == JOURNAL_END)
		p->begun = false;
	if (r->kind == JOURNAL_END && r->result &&
	    !(t->job->legitimate && t->job->legitimate(t->job->context, r)))
		p->keep = true;
}

static struct error *choose(struct thinning *t)
{
	const struct journal_record *r;
	struct error *error = NULL;

	for (uint64_t i = 0; !error && i < t->limit; i++) {
		error = record_at(t, i, &r);
		if (!error && is_whole(r))
			look_at(t, r, i);
	}
	/* a pass that goes on behind the limit is thinned with its end, next time */
	for (size_t i = 0; i < JOURNAL_WORKERS; i++)
		t->passes[i].open = false;
	return error;
}

/* Second look: what stays is copied, what goes is counted. */

static uint32_t clamp(uint64_t number)
{
	return number > INT32_MAX ? INT32_MAX : (uint32_t)number;
}

static struct error *put_cell(struct thinning *t, const struct cell *cell)
{
	struct journal_record r = { .kind = JOURNAL_SUMMARY,
				    .leg = cell->leg,
				    .cycle = cell->cycle,
				    .step = cell->step,
				    .pass = cell->pass,
				    .worker = cell->what,
				    .reserved = (uint16_t)t->job->width,
				    .result = (int32_t)clamp(cell->number) };
	uint64_t number = (uint64_t)cell->sequence - 1;
	struct error *error;

	r.stamp = t->interval * t->per_second * t->job->width;
	journal_seal(&r, number);
	error = put(t, &r);
	t->result.summaries++;
	for (unsigned int i = 0; !error && i < THIN_OCTAVES; i++) {
		const uint32_t *c = cell->latencies.counts[i];

		if (!(c[0] | c[1] | c[2] | c[3]))
			continue;
		r.kind = JOURNAL_BUCKETS;
		r.worker = (uint16_t)i;
		r.stamp = c[0] | (uint64_t)c[1] << 32;
		r.pass = c[2];
		r.result = (int32_t)c[3];
		journal_seal(&r, number);
		error = put(t, &r);
		t->result.summaries++;
	}
	return error;
}

static struct error *close_interval(struct thinning *t)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < t->cell_count; i++)
		error = put_cell(t, &t->cells[i]);
	t->cell_count = 0;
	t->open = false;
	return error;
}

/* An interval ends when a later one begins; what comes late counts into the open one. */
static struct error *reach(struct thinning *t, uint64_t stamp)
{
	uint64_t length = t->per_second * t->job->width;
	uint64_t interval = length ? stamp / length : 0;
	struct error *error = NULL;

	if (t->open && interval > t->interval)
		error = close_interval(t);
	if (!t->open) {
		t->open = true;
		t->interval = interval;
	}
	return error;
}

static struct error *cell_of(struct thinning *t, uint8_t step, enum thin_what what,
			     const struct journal_record *first, struct cell **ret)
{
	for (size_t i = 0; i < t->cell_count; i++) {
		struct cell *c = &t->cells[(t->last_cell + i) % t->cell_count];

		if (c->leg == first->leg && c->cycle == first->cycle && c->step == step &&
		    c->what == what) {
			t->last_cell = (size_t)(c - t->cells);
			*ret = c;
			return NULL;
		}
	}
	if (t->cell_count == CELLS)
		return error_new(ERROR_INTERNAL, "too many steps to add up");
	*ret = &t->cells[t->cell_count++];
	**ret = (struct cell){ .leg = first->leg,
			       .cycle = first->cycle,
			       .step = step,
			       .what = (uint8_t)what,
			       .pass = first->pass,
			       .sequence = first->sequence };
	return NULL;
}

static struct error *count(struct thinning *t, uint8_t step, enum thin_what what,
			   const struct journal_record *first, uint64_t number,
			   uint64_t stamps)
{
	struct cell *cell = NULL;
	struct error *error = cell_of(t, step, what, first, &cell);

	if (error)
		return error;
	cell->number += number;
	if (what == THIN_STEPS)
		thin_add(&cell->latencies, stamps, 1);
	return NULL;
}

/* The pass is over: it counts as a whole. */
static struct error *count_pass(struct thinning *t, struct pass *p)
{
	const struct journal_record first = { .leg = p->leg,
					      .cycle = p->cycle,
					      .pass = p->pass,
					      .sequence = (uint32_t)p->sequence };

	if (!p->open || !p->count)
		return NULL;
	p->open = false;
	return count(t, THIN_WHOLE_PASS, THIN_STEPS, &first, 1,
		     p->last_stamp - p->first_stamp);
}

static struct error *swallow(struct thinning *t, const struct journal_record *r)
{
	struct pass *p = &t->passes[r->worker];
	struct error *error = reach(t, r->stamp);

	if (!error && is_missed(r))
		return count(t, 0, THIN_MISSED, r, (uint32_t)r->result, 0);
	if (!error && !continues(p, r)) {
		error = count_pass(t, p);
		open_pass(p, r);
	}
	if (error)
		return error;
	p->last_stamp = r->stamp;
	if (r->kind == JOURNAL_BEGIN) {
		p->begin_stamp = r->stamp;
		p->count = 1;
		return NULL;
	}
	error = count(t, r->step, THIN_STEPS, r, 1, r->stamp - p->begin_stamp);
	if (!error && r->result)
		error = count(t, r->step, THIN_ERRORS, r, 1, 0);
	return error;
}

/* A summary of an earlier thinning, with the buckets behind it. */
static struct error *merge(struct thinning *t, const struct journal_record *r,
			   struct cell **cell)
{
	struct error *error;

	if (r->kind == JOURNAL_BUCKETS) {
		if (*cell)
			thin_take(&(*cell)->latencies, r);
		return NULL;
	}
	*cell = NULL;
	error = reach(t, r->stamp);
	if (!error)
		error = cell_of(t, r->step, r->worker, r, cell);
	if (!error)
		(*cell)->number += (uint32_t)r->result;
	return error;
}

static struct error *end_passes(struct thinning *t)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < JOURNAL_WORKERS; i++)
		error = count_pass(t, &t->passes[i]);
	return error ? error : close_interval(t);
}

static struct error *rewrite(struct thinning *t)
{
	const struct journal_record *r;
	struct error *error = NULL;
	struct cell *cell = NULL;

	for (uint64_t i = 0; !error && i < t->job->count; i++) {
		error = record_at(t, i, &r);
		if (error || !is_whole(r))
			continue;
		if (i == t->limit || r->kind == JOURNAL_CLOCK)
			error = end_passes(t);
		if (error)
			break;
		take_clock(t, r);
		if (i < t->limit && is_summary(r)) {
			error = merge(t, r, &cell);
			continue;
		}
		if (i < t->limit && t->gone[i / 8] & 1 << i % 8) {
			t->result.thinned++;
			error = swallow(t, r);
			cell = NULL;
			continue;
		}
		t->result.eventful += i < t->limit;
		error = put(t, r);
	}
	if (!error)
		error = end_passes(t);
	return error ? error : flush(t);
}

struct error *thin_file(const struct thin_job *job, struct thin_result *ret)
{
	uint64_t limit = job->count > job->keep ? job->count - job->keep : 0;
	_free_ uint8_t *gone = calloc(limit / 8 + 1, 1);
	_free_ struct pass *passes = calloc(JOURNAL_WORKERS, sizeof(*passes));
	_free_ struct cell *cells = calloc(CELLS, sizeof(*cells));
	_free_ struct journal_record *blocks = calloc(2 * BLOCK, sizeof(*blocks));
	struct thinning t = {
		.job = job,
		.limit = limit,
		.gone = gone,
		.passes = passes,
		.cells = cells,
		.per_second = job->per_second,
		.in = blocks,
		.out = blocks ? blocks + BLOCK : NULL,
	};
	struct error *error;

	if (!gone || !passes || !cells || !blocks)
		return error_nomem();
	error = choose(&t);
	if (!error)
		error = rewrite(&t);
	if (!error)
		*ret = t.result;
	return error;
}
