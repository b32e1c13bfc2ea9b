/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

enum { DEFAULT_OUTPUT_LIMIT = 16 << 20 };

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* In the child: never returns. The reason of a failed exec travels through @report. */
static void child(const char *const *argv, const struct process_options *options, int out,
		  int report, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0);
	dup2(null, STDIN_FILENO);
	if (!options->inherit) {
		dup2(out, STDOUT_FILENO);
		if (options->keep_stderr)
			dup2(out, STDERR_FILENO);
	}
	for (const char *const *e = options->extra; e && *e; e++)
		putenv((char *)*e);
	if (!options->folder || !chdir(options->folder))
		execvp(argv[0], (char *const *)argv);
	code = errno;
	if (write(report, &code, sizeof(code)) != sizeof(code))
		_exit(126);
	_exit(127);
}

/* What was asked of us is asked of the program too, once. */
static void pass_interrupt(const struct process_options *options, pid_t pid, bool *passed)
{
	if (*passed || !options->interrupted || !*options->interrupted)
		return;
	*passed = true;
	kill(-pid, SIGINT);
}

static int collect(int fd, pid_t pid, const struct process_options *options,
		   uint64_t deadline, struct process_result *ret)
{
	size_t limit =
		options->output_limit ? options->output_limit : DEFAULT_OUTPUT_LIMIT;
	bool passed = false;
	char block[16384];

	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		uint64_t now = now_ns();
		int wait = -1;
		ssize_t n;

		pass_interrupt(options, pid, &passed);
		if (deadline)
			wait = now >= deadline ? 0
					       : (int)((deadline - now) / 1000000 + 1);
		n = poll(&p, 1, wait);
		if (!n)
			return -1;
		if (n < 0 && errno == EINTR)
			continue;
		n = read(fd, block, sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		if (ret->output.length + n > limit)
			ret->cut = true;
		else
			strbuf_add(&ret->output, block, n);
	}
}

static int wait_for(pid_t pid, const struct process_options *options, uint64_t deadline,
		    bool *timed_out)
{
	bool passed = false;
	int status;

	while (waitpid(pid, &status, deadline ? WNOHANG : 0) != pid) {
		struct timespec pause = { 0, 5000000 };

		pass_interrupt(options, pid, &passed);
		if (deadline && now_ns() >= deadline) {
			*timed_out = true;
			kill(-pid, SIGKILL);
			deadline = 0;
		}
		if (deadline)
			nanosleep(&pause, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct error *process_run(const char *const *argv, const struct process_options *options,
			  struct process_result *ret)
{
	static const struct process_options plain;
	int out[2] = { -1, -1 }, report[2] = { -1, -1 };
	pid_t pid, parent = getpid();
	uint64_t deadline;
	int code = 0;

	options = options ? options : &plain;
	deadline = options->timeout_ns ? now_ns() + options->timeout_ns : 0;
	*ret = (struct process_result){ 0 };
	if (pipe2(out, O_CLOEXEC) || pipe2(report, O_CLOEXEC))
		return error_errno(errno, "cannot make a pipe for %s", argv[0]);
	pid = fork();
	if (!pid)
		child(argv, options, out[1], report[1], parent);
	close(out[1]);
	close(report[1]);
	if (pid < 0)
		code = errno;
	else if (read(report[0], &code, sizeof(code)) != sizeof(code))
		code = 0;
	close(report[0]);
	if (pid > 0 && !code && collect(out[0], pid, options, deadline, ret)) {
		ret->timed_out = true;
		kill(-pid, SIGKILL);
	}
	close(out[0]);
	if (pid > 0)
		ret->status = wait_for(pid, options, deadline, &ret->timed_out);
	if (code == ENOENT)
		return error_new(ERROR_MISSING,
				 "cannot run %s: there is no such program%s", argv[0],
				 options->folder ? " (or folder to run it in)" : "");
	if (code)
		return error_errno(code, "cannot run %s", argv[0]);
	return strbuf_error(&ret->output);
}

bool process_found(const char *name)
{
	const char *path = getenv("PATH");
	_free_ char *copy = path ? strdup(path) : NULL;
	char *rest = copy, *folder;

	while (copy && (folder = strsep(&rest, ":"))) {
		_free_ char *full = NULL;

		if (asprintf(&full, "%s/%s", folder, name) < 0)
			full = NULL;
		else if (!access(full, X_OK))
			return true;
	}
	return false;
}
