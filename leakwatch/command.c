/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

uint64_t command_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Waits for leave to begin; the errno of a failed exec goes back through @failure. */
static void child(const char *const *argv, int leave, int failure)
{
	char byte;
	int code;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(leave, &byte, 1) != 1)
		_exit(127);
	execvp(argv[0], (char *const *)argv);
	code = errno;
	if (write(failure, &code, sizeof(code)) < 0)
		_exit(126);
	_exit(127);
}

static int wait_for(pid_t process, const struct command_hooks *hooks,
		    const volatile int *interrupted)
{
	bool told = false;
	int status = 0;

	while (waitpid(process, &status, WNOHANG) == 0) {
		if (*interrupted && !told) {
			kill(process, SIGTERM);
			told = true;
		}
		if (hooks && hooks->tick)
			hooks->tick(hooks->context);
		usleep(told ? 10000 : 100000);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct error *command_run(const char *const *argv, const struct command_hooks *hooks,
			  const volatile int *interrupted, int *ret)
{
	int leave[2] = { -1, -1 }, failure[2] = { -1, -1 }, code = 0;
	pid_t process;

	if (pipe2(leave, O_CLOEXEC) || pipe2(failure, O_CLOEXEC))
		return error_errno(errno, "cannot make a pipe");
	process = fork();
	if (!process)
		child(argv, leave[0], failure[1]);
	close(leave[0]);
	close(failure[1]);
	if (process > 0) {
		if (hooks && hooks->started)
			hooks->started(hooks->context, process);
		if (write(leave[1], "", 1) < 0)
			code = errno;
		*ret = wait_for(process, hooks, interrupted);
		if (read(failure[0], &code, sizeof(code)) != sizeof(code))
			code = 0;
	} else {
		code = errno;
	}
	close(leave[1]);
	close(failure[0]);
	return code ? error_errno(code, "cannot run %s", argv[0]) : NULL;
}

struct error *command_idle(uint64_t ns, const volatile int *interrupted)
{
	const struct timespec length = { ns / 1000000000, ns % 1000000000 };
	pid_t process = fork();

	if (!process) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		nanosleep(&length, NULL);
		_exit(0);
	}
	if (process < 0)
		return error_errno(errno, "cannot fork");
	wait_for(process, NULL, interrupted);
	return NULL;
}
