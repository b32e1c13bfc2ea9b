/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cycler/journal.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "target/channel.h"

enum {
	WORKERS_OFFSET = JOURNAL_LEGEND_OFFSET + JOURNAL_LEGEND_SIZE,
	HISTOGRAMS_OFFSET =
		WORKERS_OFFSET + JOURNAL_WORKERS * (int)sizeof(struct journal_worker),
	RECORDS_OFFSET = (HISTOGRAMS_OFFSET +
			  JOURNAL_HISTOGRAMS * (int)sizeof(struct histogram) + 4095) &
			 ~4095,
	SMALLEST_RING = 1024,
};

_Static_assert(sizeof(struct journal_record) == 32, "records are 32 bytes");
_Static_assert(sizeof(struct journal_header) <= JOURNAL_LEGEND_OFFSET, "header fits");

uint64_t journal_stamp(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
#endif
}

static uint32_t check_of(const struct journal_record *record)
{
	uint64_t words[4], hash = 0x9e3779b97f4a7c15ULL;
	struct journal_record copy = *record;

	copy.check = 0;
	memcpy(words, &copy, sizeof(words));
	for (int i = 0; i < 4; i++) {
		hash = (hash ^ words[i]) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

static void attach(void *area, struct journal *ret)
{
	uint8_t *bytes = area;

	*ret = (struct journal){
		.header = area,
		.legend = (char *)bytes + JOURNAL_LEGEND_OFFSET,
		.workers = (struct journal_worker *)(bytes + WORKERS_OFFSET),
		.histograms = (struct histogram *)(bytes + HISTOGRAMS_OFFSET),
		.records = (struct journal_record *)(bytes + RECORDS_OFFSET),
	};
}

bool journal_format(void *area, size_t size, struct journal *ret)
{
	struct journal_header *header = area;

	if (size < RECORDS_OFFSET + SMALLEST_RING * sizeof(struct journal_record))
		return false;
	memset(area, 0, RECORDS_OFFSET);
	header->version = JOURNAL_VERSION;
	header->records_offset = RECORDS_OFFSET;
	header->capacity = (size - RECORDS_OFFSET) / sizeof(struct journal_record);
	attach(area, ret);
	__atomic_store_n(&header->magic, JOURNAL_MAGIC, __ATOMIC_RELEASE);
	return true;
}

bool journal_open(void *area, size_t size, struct journal *ret)
{
	struct journal_header *header = area;

	if (size < RECORDS_OFFSET ||
	    __atomic_load_n(&header->magic, __ATOMIC_ACQUIRE) != JOURNAL_MAGIC ||
	    header->version != JOURNAL_VERSION ||
	    header->records_offset != RECORDS_OFFSET || header->capacity == 0 ||
	    header->capacity != (size - RECORDS_OFFSET) / sizeof(struct journal_record))
		return false;
	attach(area, ret);
	return true;
}

/* The slow path: somebody keeps up `tail`, and it is a whole ring behind. */
static void wait_for_room(struct journal_header *header, uint64_t number)
{
	uint64_t tail;

	while ((tail = __atomic_load_n(&header->tail, __ATOMIC_ACQUIRE)) &&
	       number - tail >= header->capacity) {
		__atomic_fetch_add(&header->waits, 1, __ATOMIC_RELAXED);
		usleep(200);
	}
}

void journal_add(struct journal *journal, struct journal_record *record)
{
	struct journal_header *header = journal->header;
	uint64_t number = __atomic_fetch_add(&header->head, 1, __ATOMIC_ACQ_REL);
	struct journal_record *place = &journal->records[number % header->capacity];

	if (number - header->tail >= header->capacity)
		wait_for_room(header, number);
	journal_seal(record, number);
	place->sequence = 0;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	place->stamp = record->stamp;
	memcpy((uint8_t *)place + 12, (uint8_t *)record + 12, sizeof(*record) - 12);
	__atomic_store_n(&place->sequence, record->sequence, __ATOMIC_RELEASE);
}

void journal_seal(struct journal_record *record, uint64_t number)
{
	record->sequence = (uint32_t)number + 1;
	record->check = check_of(record);
}

/* The pages that hold  bytes from  on. */
static void commit_pages(const void *at, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = (uintptr_t)at & ~(page - 1), end = (uintptr_t)at + size;

	msync((void *)first, end - first, MS_SYNC);
}

void journal_commit(struct journal *journal, size_t area_size)
{
	uint64_t head = __atomic_load_n(&journal->header->head, __ATOMIC_ACQUIRE);

	commit_pages(journal->header, area_size);
	journal->header->committed = head;
}

void journal_commit_record(struct journal *journal, const struct journal_record *record)
{
	uint64_t head = __atomic_load_n(&journal->header->head, __ATOMIC_ACQUIRE);
	/* the full number is the one below head with these low bits */
	uint64_t number = head - (uint32_t)((uint32_t)head - (record->sequence - 1));

	commit_pages(&journal->records[number % journal->header->capacity],
		     sizeof(*record));
	commit_pages(journal->header, sizeof(*journal->header));
	commit_pages(journal->workers, JOURNAL_WORKERS * sizeof(*journal->workers));
}

uint64_t journal_value(const struct journal_record *record)
{
	return record->pass | (uint64_t)(uint32_t)record->result << 32;
}

void journal_set_value(struct journal_record *record, uint64_t value)
{
	record->pass = (uint32_t)value;
	record->result = (int32_t)(uint32_t)(value >> 32);
}

bool journal_valid(const struct journal_record *record, uint64_t sequence)
{
	return record->sequence == (uint32_t)sequence + 1 &&
	       record->check == check_of(record);
}

/* The place of the journal in the file: behind a channel's header, or at its start. */
static bool find_header(struct span bytes, struct span *ret)
{
	struct channel_header channel;
	uint64_t magic;

	if (!span_read(bytes, 0, &magic, sizeof(magic)))
		return false;
	if (magic != CHANNEL_MAGIC) {
		*ret = bytes;
		return true;
	}
	return span_read(bytes, 0, &channel, sizeof(channel)) &&
	       channel.area_offset <= bytes.size &&
	       span_slice(bytes, channel.area_offset, bytes.size - channel.area_offset,
			  ret);
}

static void ring_bounds(struct journal_reader *r)
{
	uint64_t room = (r->bytes.size - r->records) / sizeof(struct journal_record);

	if (r->header.capacity > room)
		r->header.capacity = room;
	r->end = r->header.capacity ? r->header.head : 0;
	r->next = r->end > r->header.capacity ? r->end - r->header.capacity : 0;
	/* number 0 is not used where somebody keeps the records (archive_attach) */
	if (!r->next && r->header.tail)
		r->next = 1;
}

bool journal_reader_init(struct journal_reader *r, struct span bytes, const char **why)
{
	*r = (struct journal_reader){ .legend = "" };
	if (!find_header(bytes, &r->bytes) ||
	    !span_read(r->bytes, 0, &r->header, sizeof(r->header)) ||
	    r->header.magic != JOURNAL_MAGIC) {
		*why = "it is no journal";
		return false;
	}
	if (r->header.version != JOURNAL_VERSION) {
		*why = "its version is not known here";
		return false;
	}
	r->records = r->header.records_offset;
	r->begun_ns = r->header.realtime_ns;
	if (r->records > r->bytes.size || r->records < JOURNAL_LEGEND_OFFSET) {
		*why = "it is cut before its records begin";
		return false;
	}
	if (span_string(r->bytes, JOURNAL_LEGEND_OFFSET))
		r->legend = span_string(r->bytes, JOURNAL_LEGEND_OFFSET);
	if (!(r->header.flags & JOURNAL_FILE)) {
		ring_bounds(r);
		return true;
	}
	r->end = (r->bytes.size - r->records) / sizeof(struct journal_record);
	return true;
}

/* In a file the number is in the record: the full one is the nearest to the last. */
static uint64_t full_number(const struct journal_reader *r,
			    const struct journal_record *record)
{
	int32_t step = (int32_t)(record->sequence - 1 - (uint32_t)r->last);

	return step < 0 && (uint64_t) - (int64_t)step > r->last
		       ? record->sequence - 1
		       : r->last + (uint64_t)(int64_t)step;
}

static void take_clock(struct journal_reader *r, const struct journal_record *record)
{
	if (record->step == 0) {
		r->header.stamp = record->stamp;
		r->header.realtime_ns = journal_value(record);
	} else {
		r->header.stamps_per_second = journal_value(record);
	}
}

bool journal_reader_next(struct journal_reader *r, struct journal_record *ret,
			 uint64_t *sequence)
{
	bool file = r->header.flags & JOURNAL_FILE;

	while (r->next < r->end) {
		uint64_t number = r->next++;
		uint64_t place = file ? number : number % r->header.capacity;

		if (!span_read(r->bytes, r->records + place * sizeof(*ret), ret,
			       sizeof(*ret)))
			return false;
		if (file)
			number = full_number(r, ret);
		if (!journal_valid(ret, number)) {
			r->skipped++;
			continue;
		}
		r->last = number;
		if (ret->kind == JOURNAL_CLOCK) {
			take_clock(r, ret);
			continue;
		}
		*sequence = number;
		return true;
	}
	return false;
}

double journal_reader_seconds(const struct journal_reader *r, uint64_t stamp)
{
	const struct journal_header *h = &r->header;
	double before = 0;

	if (h->realtime_ns > r->begun_ns)
		before = (double)(h->realtime_ns - r->begun_ns) / 1e9;
	if (!h->stamps_per_second || stamp < h->stamp)
		return before;
	return before + (double)(stamp - h->stamp) / (double)h->stamps_per_second;
}
