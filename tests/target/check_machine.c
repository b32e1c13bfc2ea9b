/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Targets that are real machines, with a script in ssh's place: it runs what it is asked
 * to here, and loses connections, or the whole machine, as the test wants.
 */
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/strbuf.h"
#include "target/target.h"
#include "tests/check_main.h"
#include "tests/target/ring.h"

/* $D/lose: bytes after which a stream is lost; $D/gone: nothing answers; $D/boot: another
 * boot. */
static const char script[] =
	"#!/bin/sh\n"
	"D=$(dirname \"$0\")\n"
	"for w; do last=$w; done\n"
	"[ \"$2\" = exit ] && exit 0\n"
	"[ -e $D/gone ] && { echo 'ssh: connect to host: No route to host' >&2; exit 255; }\n"
	"case $last in\n"
	"'id -u') echo 0; exit 0 ;;\n"
	"cat*boot_id*) [ -e $D/boot ] && { cat $D/boot; exit 0; } ;;\n"
	"*' stream '*) [ -e $D/lose ] && { sh -c \"$last\" | head -c $(cat $D/lose); exit 1; } ;;\n"
	"esac\n"
	"exec sh -c \"$last\"\n";

static char folder[64], run_folder[80];
static struct target *target;
static struct strbuf output, diagnostics;
static uint64_t taken, wrong, ticks, act_at;
static const char *act; /* a file to make after act_at records */

static void put(const char *name, const char *text, mode_t mode)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_ok(file_write(path, text, strlen(text), mode));
}

static void begin(void)
{
	struct target_options options = { .folder = run_folder,
					  .silence_ns = 2000000000 };
	char program[4096], own[4096] = "";
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	ck_assert_int_gt(n, 0);
	strcpy(folder, "/tmp/check-machine-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(run_folder, sizeof(run_folder), "%s/run", folder);
	put("ssh", script, 0755);
	snprintf(program, sizeof(program), "%s/ssh", folder);
	setenv("BOOKEND_SSH", program, 1);
	taken = wrong = ticks = act_at = 0;
	act = NULL;
	ck_assert_ok(target_create("ssh:somewhere", &options, &target));
	snprintf(program, sizeof(program), "%.4000s/ring_writer", dirname(own));
	ck_assert_ok(target_add_program(target, program, "/bin/ring_writer"));
	ck_assert_ok(target_add_bytes(target, "hello\n", 6, "/data/hello", 0644));
	ck_assert_ok(target_start(target));
}

static void end(void)
{
	char root[128], path[128];

	snprintf(root, sizeof(root), "%s", target->root);
	/* it is there again, so that nothing of ours stays */
	snprintf(path, sizeof(path), "%s/gone", folder);
	unlink(path);
	target_destroy(target);
	strbuf_deinit(&output);
	strbuf_deinit(&diagnostics);
	ck_assert_ok(file_remove_tree(folder));
	ck_assert_int_ne(access(root, F_OK), 0);
}

static struct error *take_output(void *context, bool diagnostic, const void *data,
				 size_t size)
{
	(void)context;
	strbuf_add(diagnostic ? &diagnostics : &output, data, size);
	return NULL;
}

static struct error *take_records(void *context)
{
	struct ring *ring = (void *)target->area;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);

	(void)context;
	ticks++;
	for (; taken < head; taken++)
		for (int k = 0; k < 4; k++)
			wrong += ring->records[taken % RING_CAPACITY].number[k] != taken;
	__atomic_store_n(&ring->tail, taken, __ATOMIC_RELEASE);
	if (act && taken >= act_at && act_at) {
		act_at = 0;
		if (!strcmp(act, "TERM"))
			ck_assert_ok(target_signal(target, SIGTERM));
		else
			put(act, "another-boot\n", 0644);
	}
	return NULL;
}

static struct target_outcome write_ring(const char *count)
{
	const struct target_ring layout = {
		.state_size = offsetof(struct ring, records),
		.head = offsetof(struct ring, head),
		.tail = offsetof(struct ring, tail),
		.records = offsetof(struct ring, records),
		.record_size = sizeof(struct ring_record),
		.capacity = RING_CAPACITY,
	};
	struct ring *ring = (void *)target->area;
	_free_ char *path = NULL;
	struct target_outcome outcome;

	ring->magic = RING_MAGIC;
	target_share(target, &layout);
	ck_assert_ok(target_path(target, "/bin/ring_writer", &path));
	const char *const argv[] = { path, count, NULL };
	const struct target_program program = { .argv = argv,
						.output = take_output,
						.tick = take_records };

	ck_assert_ok(target_run(target, &program, &outcome));
	take_records(NULL);
	return outcome;
}

/* "0\n100\n200\n…": each once, in order. */
static void check_output(uint64_t count)
{
	_strbuf_ struct strbuf expected = STRBUF_INIT;

	for (uint64_t i = 0; i < count; i += 100)
		strbuf_addf(&expected, "%llu\n", (unsigned long long)i);
	ck_assert_str_eq(strbuf_string(&output), strbuf_string(&expected));
}

START_TEST(a_program_runs_there_with_output_status_and_memory)
{
	struct target_outcome outcome;
	_free_ char *text = NULL, *path = NULL;

	begin();
	outcome = write_ring("50000");
	ck_assert_int_eq(outcome.end, TARGET_EXITED);
	ck_assert_int_eq(outcome.status, 0);
	ck_assert_uint_eq(taken, 50000);
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_eq(((struct ring *)(void *)target->area)->state, 49999);
	check_output(50000);
	ck_assert_str_eq(strbuf_string(&diagnostics), "wrote 50000\n");
	ck_assert_ok(target_path(target, "/data/hello", &path));
	ck_assert_ok(target_read_file(target, path, 100, &text));
	ck_assert_str_eq(text, "hello\n");
	ck_assert_fails(target_read_file(target, "/no/such", 100, &text), "/no/such");
	end();
}
END_TEST

START_TEST(nothing_is_lost_with_a_connection)
{
	struct target_outcome outcome;

	begin();
	put("lose", "600000\n", 0644);
	outcome = write_ring("100000");
	ck_assert_int_eq(outcome.end, TARGET_EXITED);
	ck_assert_uint_eq(taken, 100000);
	ck_assert_uint_eq(wrong, 0);
	check_output(100000);
	ck_assert_str_eq(strbuf_string(&diagnostics), "wrote 100000\n");
	end();
}
END_TEST

START_TEST(a_signal_reaches_the_program)
{
	struct target_outcome outcome;

	begin();
	act = "TERM";
	act_at = 2000;
	outcome = write_ring("100000000");
	ck_assert_int_eq(outcome.end, TARGET_EXITED);
	ck_assert_int_eq(outcome.status, 7);
	ck_assert_uint_eq(wrong, 0);
	end();
}
END_TEST

START_TEST(a_machine_that_vanishes_is_said_to)
{
	struct target_outcome outcome;

	begin();
	put("lose", "200000\n", 0644);
	act = "gone";
	act_at = 2000;
	outcome = write_ring("100000000");
	ck_assert_int_eq(outcome.end, TARGET_GONE);
	ck_assert_ptr_nonnull(strstr(outcome.why, "somewhere vanished"));
	ck_assert_ptr_nonnull(strstr(outcome.why, "No route to host"));
	ck_assert_uint_eq(wrong, 0);
	end();
}
END_TEST

START_TEST(a_restart_is_recognised)
{
	struct target_outcome outcome;

	begin();
	put("lose", "200000\n", 0644);
	act = "boot";
	act_at = 2000;
	outcome = write_ring("100000000");
	ck_assert_int_eq(outcome.end, TARGET_GONE);
	ck_assert_ptr_nonnull(strstr(outcome.why, "restarted"));
	end();
}
END_TEST

START_TEST(a_host_that_cannot_be_reached_is_one_line)
{
	struct target_options options = { .folder = run_folder };

	begin();
	end();
	setenv("BOOKEND_SSH", "/no/such/ssh", 1);
	ck_assert_fails(target_create("ssh:somewhere", &options, &target),
			"cannot reach somewhere: cannot run /no/such/ssh");
	ck_assert_fails(target_create("ssh:host:0", &options, &target), "is no port");
	ck_assert_fails(target_create("ssh:-oProxyCommand=x", &options, &target),
			"names no host");
	ck_assert_fails(target_create("ssh:", &options, &target), "lacks its host");
	ck_assert_fails(target_create("local", &options, &target),
			"--yes-on-this-machine");
	ck_assert_ok(file_remove_tree(folder));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("machine");
	TCase *tc = tcase_create("machine");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_program_runs_there_with_output_status_and_memory);
	tcase_add_test(tc, nothing_is_lost_with_a_connection);
	tcase_add_test(tc, a_signal_reaches_the_program);
	tcase_add_test(tc, a_machine_that_vanishes_is_said_to);
	tcase_add_test(tc, a_restart_is_recognised);
	tcase_add_test(tc, a_host_that_cannot_be_reached_is_one_line);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
