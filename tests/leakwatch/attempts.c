/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs inside the machine: bookend leakwatch in circumstances that it cannot work in, or
 * not as it should. Prints its status and what it says.
 *
 *	attempts LEAKWATCH NAME…     attempts of these names, one after another
 *	attempts load N              loads and unloads leaky.ko
 *	attempts both N              the same, with dummy.ko beside it
 *	attempts leak N | free N     allocates in leaky, and forgets it or not
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char self[] = "/proc/self/exe";

enum { WORDS = 12 };

static const struct attempt {
	const char *name;
	bool loaded;	/* leaky is, before it begins */
	bool not_root;	/* as nobody */
	bool locked;	/* from then on, the kernel is */
	bool disturbed; /* somebody loads leaky anew meanwhile */
	const char *words[WORDS];
} attempts[] = {
	{ .name = "locked",
	  .locked = true,
	  .words = { "--module", "leaky", "--groups", "4", "--", self, "read", "1" } },
	{ .name = "locked, census",
	  .locked = true,
	  .words = { "--module", "leaky", "--source", "census", "--", self, "read",
		     "1" } },
	{ .name = "not root, census",
	  .not_root = true,
	  .words = { "--module", "leaky", "--source", "census", "--", self, "load",
		     "1" } },
	{ .name = "wrong name",
	  .words = { "--module", "leeky", "--", self, "load", "2" } },
	{ .name = "full",
	  .words = { "--module", "leaky", "--objects", "4", "--", self, "load", "3" } },
	{ .name = "several",
	  .words = { "--module", "leaky", "--module", "dummy", "--", self, "both",
		     "10" } },
	{ .name = "loaded",
	  .loaded = true,
	  .words = { "--module", "leaky", "--repeat", "4", "--", self, "leak", "1" } },
	{ .name = "disturbed",
	  .loaded = true,
	  .disturbed = true,
	  .words = { "--module", "leaky", "--for", "3s" } },
	{ .name = "built in",
	  .words = { "--range", "seq=single_open", "--repeat", "5", "--", self, "read",
		     "1" } },
	{ .name = "no such function",
	  .words = { "--range", "seq=no_such_function", "--", self, "read", "1" } },
};

static void die(const char *what)
{
	perror(what);
	_exit(9);
}

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		die(path);
	close(fd);
}

static void unload(const char *name)
{
	if (syscall(SYS_delete_module, name, O_NONBLOCK))
		die(name);
}

static void operate(const char *path, const char *text)
{
	char answer[4096];
	int fd = open(path, (text ? O_WRONLY : O_RDONLY) | O_CLOEXEC);

	if (fd < 0 ||
	    (text ? write(fd, text, strlen(text)) : read(fd, answer, sizeof(answer))) < 0)
		die(path);
	close(fd);
}

/* No way back, and not on the command line: the machine could not boot so. */
static void lock_kernel(void)
{
	mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL);
	operate("/sys/kernel/security/lockdown", "confidentiality");
}

static int cycle(const char *what, int count)
{
	for (int i = 0; i < count; i++) {
		if (!strcmp(what, "leak"))
			operate("/dev/leaky", "leak kmalloc");
		else if (!strcmp(what, "free"))
			operate("/dev/leaky", "free kmalloc");
		else if (!strcmp(what, "read"))
			operate("/proc/uptime", NULL);
		else
			load("/leaky.ko");
		if (!strcmp(what, "both")) {
			load("/dummy.ko");
			operate("/dev/leaky", i % 5 ? "free kmalloc" : "leak kmalloc");
			unload("dummy");
		}
		if (!strcmp(what, "both") || !strcmp(what, "load"))
			unload("leaky");
	}
	return 0;
}

static void run(const char *leakwatch, const struct attempt *attempt)
{
	const char *argv[WORDS + 4] = { leakwatch, "--no-explain" };
	static bool locked;
	int status = 0, disturbed = 0;
	pid_t child, other = 0;

	memcpy(argv + 2, attempt->words, sizeof(attempt->words));
	for (size_t i = 2; argv[i]; i++)
		if (argv[i] == self)
			argv[i] = "/attempts";
	if (attempt->loaded)
		load("/leaky.ko");
	if (attempt->locked && !locked)
		lock_kernel();
	locked = locked || attempt->locked;
	printf("=== %s\n", attempt->name);
	fflush(stdout);
	child = fork();
	if (!child) {
		dup2(STDOUT_FILENO, STDERR_FILENO);
		if (attempt->not_root && setuid(65534))
			die("setuid");
		execv(leakwatch, (char **)argv);
		die(leakwatch);
	}
	other = attempt->disturbed ? fork() : 0;
	if (attempt->disturbed && !other) {
		/* until it ends: loading the census takes its time */
		for (;;) {
			usleep(300000);
			unload("leaky");
			load("/leaky.ko");
		}
	}
	waitpid(child, &status, 0);
	printf("--- %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	fflush(stdout);
	if (other > 0) {
		kill(other, SIGTERM);
		waitpid(other, &disturbed, 0);
	}
	syscall(SYS_delete_module, "leaky", O_NONBLOCK);
}

int main(int argc, char **argv)
{
	if (argc == 3 && argv[1][0] != '/')
		return cycle(argv[1], atoi(argv[2]));
	for (int i = 2; i < argc; i++)
		for (size_t k = 0; k < sizeof(attempts) / sizeof(attempts[0]); k++)
			if (!strcmp(attempts[k].name, argv[i]))
				run(argv[1], &attempts[k]);
	return 0;
}
