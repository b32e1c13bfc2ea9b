/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The targets that are real machines, on machines that are none: "local" inside a
 * throwaway VM that the tools are carried into, and ssh into one that runs dropbear.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "common/process.h"
#include "common/strbuf.h"
#include "report/report.h"
#include "tests/check_main.h"

#define MODULE "build/reference-driver/release/refdrv.ko"

enum { WORDS = 120, UP_SECONDS = 120 };

static char folder[64];
static int port;
static pid_t machine; /* bookend vm run, with the ssh server */

struct words {
	const char *items[WORDS];
	size_t count;
	char *owned[WORDS];
};

__attribute__((format(printf, 2, 3))) static void add(struct words *w, const char *format,
						      ...)
{
	va_list args;

	ck_assert_uint_lt(w->count + 1, WORDS);
	va_start(args, format);
	ck_assert_int_ge(vasprintf(&w->owned[w->count], format, args), 0);
	va_end(args);
	w->items[w->count] = w->owned[w->count];
	w->count++;
}

static void words_deinit(struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->owned[i]);
}

static void own_path(char *path, size_t size, const char *name)
{
	_free_ char *own = NULL;

	ck_assert_ok(file_own_folder(&own));
	/* tests/cycler below the build folder */
	snprintf(path, size, "%s/../../%s", own, name);
}

/* Programs of this machine, by where they are looked for there. */
static void add_tools(struct words *w)
{
	static const char *const tools[] = { "tar",   "cat",	 "mkdir",   "rm",
					     "id",    "uname",	 "mktemp",  "head",
					     "ls",    "chmod",	 "modinfo", "insmod",
					     "rmmod", "modprobe" };
	static const char *const places[] = { "/bin", "/usr/bin", "/sbin", "/usr/sbin" };
	char path[64];

	add(w, "--file");
	add(w, "/bin/bash:/bin/sh");
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++)
		for (size_t k = 0; k < sizeof(places) / sizeof(*places); k++) {
			snprintf(path, sizeof(path), "%s/%s", places[k], tools[i]);
			if (access(path, X_OK))
				continue;
			add(w, "--file");
			add(w, "%s:/bin/%s", path, tools[i]);
			break;
		}
}

static void begin(void)
{
	strcpy(folder, "/tmp/check-targets-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void end(void)
{
	if (machine > 0) {
		kill(machine, SIGTERM);
		waitpid(machine, NULL, 0);
	}
	machine = 0;
	ck_assert_ok(file_remove_tree(folder));
}

static const char *in_folder(const char *name)
{
	static char path[4][128];
	static unsigned int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static void put(const char *name, const char *text, mode_t mode)
{
	ck_assert_ok(file_write(in_folder(name), text, strlen(text), mode));
	chmod(in_folder(name), mode);
}

START_TEST(local_cycles_the_machine_it_is_on)
{
	struct process_result result = { 0 };
	struct words w = { 0 };
	char path[512];

	begin();
	own_path(path, sizeof(path), "bin/bookend-vm");
	add(&w, "%s", path);
	add(&w, "run");
	add_tools(&w);
	add(&w, "--file");
	add(&w, MODULE ":/refdrv.ko");
	for (size_t i = 0; i < 2; i++) {
		static const char *const guests[] = { "bookend-agent", "bookend-relay" };

		own_path(path, sizeof(path), "guest");
		add(&w, "--file");
		add(&w, "%s/%s:/bookend/guest/%s", path, guests[i], guests[i]);
	}
	own_path(path, sizeof(path), "bin/bookend-cycle");
	add(&w, "--file");
	add(&w, "%s:/bookend/bin/bookend-cycle", path);
	put("go",
	    "#!/bin/sh\n"
	    "/bookend/bin/bookend-cycle --target local --module /refdrv.ko --passes 3 "
	    "-o /tmp/no && exit 90\n"
	    "/bookend/bin/bookend-cycle --target local --yes-on-this-machine "
	    "--module /refdrv.ko --device /dev/refdrv0 --passes 3 --device-passes 300 "
	    "-o /tmp/run || exit $?\n"
	    "[ ! -e /tmp/run/target ] || exit 91\n"
	    "[ -s /tmp/run/journal.bin ] || exit 92\n"
	    "grep -q refdrv /proc/modules && exit 93\n"
	    "exit 0\n",
	    0755);
	add(&w, "--file");
	add(&w, "/bin/grep:/bin/grep");
	add(&w, "--");
	add(&w, "%s", in_folder("go"));
	ck_assert_ok(process_run(
		w.items, &(struct process_options){ .keep_stderr = true }, &result));
	ck_assert_msg(result.status == 0, "%d: %s", result.status,
		      strbuf_string(&result.output));
	ck_assert_ptr_nonnull(
		strstr(strbuf_string(&result.output), "say --yes-on-this-machine"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&result.output), "300 passes"));
	ck_assert_ptr_nonnull(strstr(strbuf_string(&result.output), "census complete"));
	strbuf_deinit(&result.output);
	words_deinit(&w);
	end();
}
END_TEST

/* One that is free now. */
static int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (void *)&address, size), 0);
	ck_assert_int_eq(getsockname(fd, (void *)&address, &size), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void make_keys(void)
{
	struct process_result result = { 0 };
	const char *const argv[] = { "ssh-keygen", "-q", "-t", "ed25519",
				     "-N",	   "",	 "-f", in_folder("key"),
				     NULL };
	_free_ char *key = NULL;

	ck_assert_ok(process_run(argv, &(struct process_options){ .keep_stderr = true },
				 &result));
	strbuf_deinit(&result.output);
	ck_assert_ok(file_read_text(in_folder("key.pub"), 4096, &key));
	put("authorized_keys", key, 0600);
	put("passwd", "root:x:0:0:root:/root:/bin/sh\n", 0644);
	put("shells", "/bin/sh\n", 0644);
	put("up",
	    "#!/bin/sh\nchmod 700 /root /root/.ssh\nmkdir -p /etc/dropbear /var/tmp\n"
	    "exec /usr/sbin/dropbear -F -E -R -s -p 22\n",
	    0755);
	/* the words that ssh needs here, and a stream that is lost when a file says so */
	put("ssh",
	    "#!/bin/sh\nD=$(dirname \"$0\")\nfor w; do last=$w; done\n"
	    "k=\n[ -e $D/lose ] && case $last in *' stream '*) "
	    "k=\"timeout -s KILL $(cat $D/lose)\" ;; esac\n"
	    "exec $k ssh -F /dev/null -o StrictHostKeyChecking=no -o "
	    "UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i $D/key \"$@\"\n",
	    0755);
}

static bool answers(void)
{
	struct process_result result = { 0 };
	char target[16];
	const char *const argv[] = { in_folder("ssh"),
				     "-o",
				     "BatchMode=yes",
				     "-o",
				     "ConnectTimeout=5",
				     "-p",
				     target,
				     "root@127.0.0.1",
				     "true",
				     NULL };

	snprintf(target, sizeof(target), "%d", port);
	ck_assert_ok(process_run(argv, &(struct process_options){ .keep_stderr = true },
				 &result));
	strbuf_deinit(&result.output);
	return result.status == 0;
}

static void start_machine(void)
{
	static const char *const files[][2] = {
		{ "passwd", "/etc/passwd" },
		{ "shells", "/etc/shells" },
		{ "authorized_keys", "/root/.ssh/authorized_keys" },
	};
	struct words w = { 0 };
	char path[512];

	make_keys();
	port = free_port();
	own_path(path, sizeof(path), "bin/bookend-vm");
	add(&w, "%s", path);
	add(&w, "run");
	add(&w, "--forward");
	add(&w, "%d:22", port);
	add_tools(&w);
	add(&w, "--file");
	add(&w, "/usr/sbin/dropbear:/usr/sbin/dropbear");
	for (size_t i = 0; i < 3; i++) {
		add(&w, "--file");
		add(&w, "%s:%s", in_folder(files[i][0]), files[i][1]);
	}
	add(&w, "--");
	add(&w, "%s", in_folder("up"));
	machine = fork();
	if (!machine) {
		if (!freopen(in_folder("machine.log"), "w", stderr))
			_exit(1);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execv(w.items[0], (char *const *)w.items);
		_exit(127);
	}
	words_deinit(&w);
	for (int i = 0; i < UP_SECONDS && !answers(); i++)
		sleep(1);
}

/* bookend cycle over ssh; its report, and the exit status. */
static struct report *cycle(const char *const *more, int *status)
{
	struct report *report = NULL;
	struct process_result result = { 0 };
	char path[512];
	struct words w = { 0 };
	_free_ char *json = NULL;

	own_path(path, sizeof(path), "bin/bookend-cycle");
	setenv("BOOKEND_SSH", in_folder("ssh"), 1);
	add(&w, "%s", path);
	add(&w, "--target");
	add(&w, "ssh:root@127.0.0.1:%d", port);
	add(&w, "-o");
	add(&w, "%s", in_folder("run"));
	add(&w, "--module");
	add(&w, MODULE);
	for (; *more; more++)
		add(&w, "%s", *more);
	ck_assert_ok(process_run(
		w.items, &(struct process_options){ .keep_stderr = true }, &result));
	*status = result.status;
	words_deinit(&w);
	ck_assert_ok(file_join(in_folder("run"), "report.json", &json));
	if (access(json, F_OK))
		ck_abort_msg("%s", strbuf_string(&result.output));
	ck_assert_ok(report_load(json, &report));
	if (*status == 2)
		ck_abort_msg("%s", strbuf_string(&result.output));
	strbuf_deinit(&result.output);
	return report;
}

static double measured(const struct report *report, const char *name)
{
	for (size_t i = 0; i < report->measurements_count; i++)
		if (!strcmp(report->measurements[i].name, name))
			return report->measurements[i].value;
	return -1;
}

static uint64_t passes(const struct report *report)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < report->runs_count; i++)
		sum += report->runs[i].passes;
	return sum;
}

/* Kills the machine when the run has got somewhere. */
static pid_t kill_later(pid_t victim)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (int i = 0; i < 4000; i++) {
		struct stat st;

		if (!stat(in_folder("run/journal.bin"), &st) && st.st_size > 200000)
			break;
		usleep(100000);
	}
	kill(victim, SIGTERM);
	_exit(0);
}

START_TEST(ssh_cycles_another_machine_and_a_lost_connection_loses_nothing)
{
	static const char *const more[] = { "--device", "/dev/refdrv0",	   "--passes",
					    "3",	"--device-passes", "3000",
					    "--rate",	"500/s",	   NULL };
	static const char *const endless[] = {
		"--device", "/dev/refdrv0", "--passes", "1", "--device-passes",
		"10000000", "--silence",    "20s",	NULL
	};
	_cleanup_(report_destroy) struct report *report = NULL, *lost = NULL;
	int status;
	pid_t killer;

	begin();
	start_machine();
	put("lose", "1.5\n", 0644);
	report = cycle(more, &status);
	ck_assert_msg(status == 0, "exit status %d", status);
	ck_assert_uint_eq(passes(report), 3003);
	/* every step's two records, however often the connection went */
	ck_assert(measured(report, "journal.records") >= 3000 * 4 + 3 * 8);
	ck_assert(measured(report, "target.connections_lost") >= 1);
	unlink(in_folder("lose"));
	ck_assert_ok(file_remove_tree(in_folder("run")));
	killer = kill_later(machine);
	lost = cycle(endless, &status);
	waitpid(killer, NULL, 0);
	ck_assert_int_eq(status, 1);
	ck_assert_ptr_nonnull(lost->failure);
	ck_assert_msg(strstr(lost->failure, "vanished") != NULL, "%s", lost->failure);
	ck_assert_msg(strstr(lost->failure, "device /dev/refdrv0") != NULL, "%s",
		      lost->failure);
	ck_assert_uint_gt(passes(lost), 0);
	end();
}
END_TEST

static void run_quietly(const char *const *argv)
{
	struct process_result result = { 0 };

	ck_assert_ok(process_run(argv, &(struct process_options){ .keep_stderr = true },
				 &result));
	ck_assert_msg(result.status == 0, "%s: %s", argv[0],
		      strbuf_string(&result.output));
	strbuf_deinit(&result.output);
}

static uint64_t lines_with(const char *text, const char *word)
{
	uint64_t n = 0;

	for (const char *at = text; (at = strstr(at, word)); at += strlen(word))
		n++;
	return n;
}

static uint64_t told(void)
{
	_free_ char *text = NULL;
	_error_ struct error *error =
		file_read_text(in_folder("vm/console.log"), 1 << 20, &text);

	return error ? 0 : lines_with(text, "slow pass");
}

/* A machine with a disk, which cycles itself: a slow cycle beside a fast one. */
static void start_self_cycling(void)
{
	struct words w = { 0 };
	char path[512];

	put("tell", "#!/bin/sh\necho '<1>slow pass' >/dev/kmsg\n", 0755);
	put("plan.json",
	    "{\"schema\":\"bookend-plan/1\",\"name\":\"cut\",\"legs\":[{\"cycles\":["
	    "{\"kind\":\"exec\",\"command\":[\"/tell\"],\"undo\":[\"/bin/true\"],"
	    "\"rate\":\"5/s\",\"for\":\"10m\"},"
	    "{\"kind\":\"exec\",\"command\":[\"/bin/true\"],\"undo\":[\"/bin/true\"],"
	    "\"for\":\"10m\"}]}]}",
	    0644);
	put("go",
	    "#!/bin/sh\nmkdir /disk\nmount -t ext4 /dev/vda /disk || exit 9\n"
	    "exec /bookend/bin/bookend-cycle --target local --yes-on-this-machine "
	    "--no-census -o /disk/run /plan.json\n",
	    0755);
	own_path(path, sizeof(path), "bin/bookend-vm");
	add(&w, "%s", path);
	add(&w, "run");
	add(&w, "-o");
	add(&w, "%s", in_folder("vm"));
	add(&w, "--drive");
	add(&w, "%s", in_folder("disk.img"));
	add_tools(&w);
	for (size_t i = 0; i < 5; i++) {
		static const char *const files[][2] = {
			{ "bin/bookend-cycle", "/bookend/bin/bookend-cycle" },
			{ "guest/bookend-agent", "/bookend/guest/bookend-agent" },
			{ "guest/bookend-relay", "/bookend/guest/bookend-relay" },
			{ NULL, "/tell" },
			{ NULL, "/plan.json" },
		};

		if (files[i][0])
			own_path(path, sizeof(path), files[i][0]);
		else
			snprintf(path, sizeof(path), "%s", in_folder(files[i][1] + 1));
		add(&w, "--file");
		add(&w, "%s:%s", path, files[i][1]);
	}
	add(&w, "--file");
	add(&w, "/bin/mount:/bin/mount");
	add(&w, "--file");
	add(&w, "/bin/true:/bin/true");
	add(&w, "--");
	add(&w, "%s", in_folder("go"));
	machine = fork();
	if (!machine) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execv(w.items[0], (char *const *)w.items);
		_exit(127);
	}
	words_deinit(&w);
}

/* What the console told of had begun; so the disk must know that it had. */
START_TEST(a_power_cut_loses_no_step_of_a_slow_cycle)
{
	struct process_result result = { 0 };
	_free_ char *dump = NULL;
	char path[512];

	begin();
	put("disk.img", "", 0600);
	ck_assert_int_eq(truncate(in_folder("disk.img"), 300 << 20), 0);
	run_quietly((const char *[]){ "/sbin/mkfs.ext4", "-q", "-F",
				      in_folder("disk.img"), NULL });
	start_self_cycling();
	for (int i = 0; i < 4000 && told() < 5; i++)
		usleep(100000);
	ck_assert_uint_ge(told(), 5);
	/* the machine dies with who started it, and writes nothing any more */
	kill(machine, SIGKILL);
	waitpid(machine, NULL, 0);
	machine = 0;
	usleep(500000);
	ck_assert_ok(process_run(
		(const char *[]){ "/sbin/e2fsck", "-fy", in_folder("disk.img"), NULL },
		&(struct process_options){ .keep_stderr = true }, &result));
	strbuf_deinit(&result.output);
	ck_assert(asprintf(&dump, "dump /run/shared.bin %s", in_folder("shared.bin")) >
		  0);
	run_quietly((const char *[]){ "/sbin/debugfs", "-R", dump, in_folder("disk.img"),
				      NULL });
	own_path(path, sizeof(path), "bin/bookend-journal");
	result = (struct process_result){ 0 };
	ck_assert_ok(process_run((const char *[]){ path, in_folder("shared.bin"), NULL },
				 &(struct process_options){ .output_limit = 256 << 20 },
				 &result));
	ck_assert_int_eq(result.status, 0);
	ck_assert_uint_ge(lines_with(strbuf_string(&result.output),
				     "begin command (leg 1, exec /tell)"),
			  told());
	strbuf_deinit(&result.output);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("targets");
	TCase *tc = tcase_create("targets"), *power = tcase_create("power");

	if (access("/usr/sbin/dropbear", X_OK) || !process_found("ssh")) {
		printf("skipped: dropbear or ssh is not installed ('./setup build' does)\n");
		return 77;
	}
	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, local_cycles_the_machine_it_is_on);
	tcase_add_test(tc,
		       ssh_cycles_another_machine_and_a_lost_connection_loses_nothing);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(power, 600);
	tcase_add_test(power, a_power_cut_loses_no_step_of_a_slow_cycle);
	suite_add_tcase(suite, power);
	return run_suite(suite);
}
