/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Panics at random moments: after each not one completed step may be missing in the
 * journal. A machine opens and closes a device as fast as it goes, with two workers,
 * until its kernel is made to panic. The workers count their passes in the shared
 * memory, behind the records and apart from them; so for each pass that a worker has
 * counted, all its records have to be in the journal's file, and none may be damaged.
 *
 *	bench_panics BOOKEND_CYCLE [TIMES [FIRST SEED]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/file.h"
#include "common/process.h"
#include "cycler/journal.h"

enum {
	STEPS = 2, /* of a pass: open, close */
	WORKERS = 2,
	LONGEST_MS = 4000,
	PAGE = 4096,
};

static const char plan[] =
	"{ \"schema\": \"bookend-plan/1\", \"name\": \"panics\", \"legs\": [ { \"cycles\": ["
	"{ \"kind\": \"device\", \"device\": \"/dev/null\", \"workers\": 2, "
	"\"for\": \"5m\" },"
	"{ \"kind\": \"sysfs\", \"file\": \"/proc/sysrq-trigger\", \"value\": \"c\", "
	"\"restore\": \"h\", \"phase\": \"%ums\", \"passes\": 1 } ] } ] }";

/* What was found after one panic. */
struct account {
	uint64_t counted; /* passes that workers had counted */
	uint64_t records, missing, damaged;
};

static struct error *crash(const char *tool, const char *folder, unsigned int moment)
{
	_free_ char *path = NULL, *text = NULL, *run = NULL;
	struct process_result result = { 0 };
	struct error *error = file_join(folder, "plan.json", &path);

	if (!error)
		error = file_join(folder, "run", &run);
	if (!error && asprintf(&text, plan, moment) < 0) {
		text = NULL;
		error = error_nomem();
	}
	if (!error)
		error = file_write(path, text, strlen(text), 0600);
	if (!error)
		error = process_run((const char *[]){ tool, "--no-census", "-q", "-o",
						      run, path, NULL },
				    &(struct process_options){ .keep_stderr = true },
				    &result);
	if (!error && !strstr(strbuf_string(&result.output), "panicked"))
		error = error_new(ERROR_INPUT, "the machine did not panic: %.300s",
				  strbuf_string(&result.output));
	strbuf_deinit(&result.output);
	return error;
}

/* The workers' own counts: the area lies on a page of the shared memory. */
static struct error *read_counts(const char *folder, uint64_t *passes)
{
	_free_ char *path = NULL;
	_mapping_ struct mapping map = { 0 };
	struct error *error = file_join(folder, "run/shared.bin", &path);

	if (!error)
		error = file_map(path, &map);
	if (error)
		return error;
	for (size_t at = 0; at + PAGE < map.bytes.size; at += PAGE) {
		const uint8_t *area = map.bytes.data + at;
		const struct journal_header *header = (const void *)area;
		size_t size = header->records_offset +
			      header->capacity * sizeof(struct journal_record);
		struct journal journal;

		if (header->magic != JOURNAL_MAGIC || size > map.bytes.size - at ||
		    !journal_open((void *)(uintptr_t)area, size, &journal))
			continue;
		for (size_t i = 0; i < WORKERS; i++)
			passes[i] = journal.workers[i].passes;
		return NULL;
	}
	return error_new(ERROR_INPUT, "%s holds no journal", path);
}

static struct error *count_records(const char *folder, const uint64_t *passes,
				   struct account *ret)
{
	_free_ char *path = NULL;
	_mapping_ struct mapping map = { 0 };
	uint64_t ends[WORKERS] = { 0 }, sequence;
	struct journal_reader reader;
	struct journal_record record;
	const char *why = "";
	struct error *error = file_join(folder, "run/journal.bin", &path);

	if (!error)
		error = file_map(path, &map);
	if (error)
		return error;
	if (!journal_reader_init(&reader, map.bytes, &why))
		return error_new(ERROR_INPUT, "%s: %s", path, why);
	while (journal_reader_next(&reader, &record, &sequence)) {
		ret->records++;
		if (record.kind == JOURNAL_END && record.worker < WORKERS &&
		    record.pass < passes[record.worker])
			ends[record.worker]++;
	}
	ret->damaged = reader.skipped;
	for (size_t i = 0; i < WORKERS; i++) {
		ret->counted += passes[i];
		ret->missing += passes[i] * STEPS - ends[i];
	}
	return NULL;
}

static struct error *one(const char *tool, const char *folder, unsigned int moment,
			 struct account *ret)
{
	uint64_t passes[WORKERS] = { 0 };
	struct error *error = crash(tool, folder, moment);

	*ret = (struct account){ 0 };
	if (!error)
		error = read_counts(folder, passes);
	return error ? error : count_records(folder, passes, ret);
}

static int run(const char *tool, unsigned long times, unsigned int seed)
{
	char folder[] = "/tmp/bookend-panics-XXXXXX";
	struct account all = { 0 };
	unsigned long lost = 0;

	if (!mkdtemp(folder))
		return 1;
	for (unsigned long i = 0; i < times; i++) {
		unsigned int moment = (unsigned int)rand_r(&seed) % LONGEST_MS + 1;
		struct account a;
		_error_ struct error *error = one(tool, folder, moment, &a);

		if (error) {
			fprintf(stderr, "panic %lu: %s\n", i + 1, error_message(error));
			return 1;
		}
		all.counted += a.counted;
		all.records += a.records;
		all.missing += a.missing;
		all.damaged += a.damaged;
		lost += a.missing || a.damaged;
		if (a.missing || a.damaged || (i + 1) % 10 == 0)
			printf("panic %lu at %u ms: %llu passes counted, %llu records, "
			       "%llu steps missing, %llu damaged\n",
			       i + 1, moment, (unsigned long long)a.counted,
			       (unsigned long long)a.records,
			       (unsigned long long)a.missing,
			       (unsigned long long)a.damaged);
		fflush(stdout);
	}
	printf("%lu panics: %llu completed passes of %d steps, %llu records; missing steps "
	       "%llu, damaged records %llu, in %lu of them\n",
	       times, (unsigned long long)all.counted, STEPS,
	       (unsigned long long)all.records, (unsigned long long)all.missing,
	       (unsigned long long)all.damaged, lost);
	error_destroy(file_remove_tree(folder));
	return lost != 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	return run(argv[1], argc > 2 ? strtoul(argv[2], NULL, 10) : 100,
		   argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 1);
}
