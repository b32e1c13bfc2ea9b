/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bookend vm: a throwaway machine for people. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "common/tool.h"
#include "target/debug.h"
#include "target/target.h"

struct values {
	const char *kernel, *folder, *append, *vmlinux;
	struct string_list files, programs, modules, devices, forwards, drives;
	uint64_t memory, cpus, timeout, boot;
	bool hold, no_kvm;
};

static const struct option options[] = {
	{ OPTION_STRING, 'k', "kernel", "RELEASE", offsetof(struct values, kernel),
	  "Kernel to boot: a release below build/kernels, or a folder with vmlinuz." },
	{ OPTION_LIST, 0, "file", "FILE[:PATH]", offsetof(struct values, files),
	  "Puts FILE into the machine, at PATH or at its own absolute path." },
	{ OPTION_LIST, 0, "program", "FILE", offsetof(struct values, programs),
	  "Puts a further program into the machine, with the libraries that it needs." },
	{ OPTION_LIST, 'm', "module", "NAME|FILE", offsetof(struct values, modules),
	  "Loads a module of the kernel with what it depends on, or a .ko file." },
	{ OPTION_LIST, 0, "device", "WORDS", offsetof(struct values, devices),
	  "A further device, as QEMU's -device takes it." },
	{ OPTION_LIST, 0, "drive", "FILE", offsetof(struct values, drives),
	  "A raw file that is a disk of the machine: /dev/vda, /dev/vdb …" },
	{ OPTION_LIST, 0, "forward", "PORT[:THERE]", offsetof(struct values, forwards),
	  "Port PORT of 127.0.0.1 leads to port THERE of the machine, which has a network "
	  "card for it." },
	{ OPTION_STRING, 0, "append", "WORDS", offsetof(struct values, append),
	  "Words for the kernel's command line." },
	{ OPTION_SIZE, 0, "memory", "SIZE", offsetof(struct values, memory),
	  "Memory; default 512M." },
	{ OPTION_COUNT, 0, "cpus", "N", offsetof(struct values, cpus),
	  "CPUs; default 2." },
	{ OPTION_DURATION, 0, "timeout", "TIME", offsetof(struct values, timeout),
	  "Ends the program after TIME; default never." },
	{ OPTION_DURATION, 0, "boot-timeout", "TIME", offsetof(struct values, boot),
	  "How long the boot may take; default 120s." },
	{ OPTION_FLAG, 0, "no-kvm", NULL, offsetof(struct values, no_kvm),
	  "Emulates the CPU even where KVM works." },
	{ OPTION_FLAG, 0, "hold", NULL, offsetof(struct values, hold),
	  "Keeps a machine that panicked until Ctrl-C, for 'bookend vm debug'." },
	{ OPTION_STRING, 'o', "output", "DIR", offsetof(struct values, folder),
	  "Run folder, kept: console.log, shared.bin. Default: one that is removed." },
	{ OPTION_STRING, 0, "vmlinux", "FILE", offsetof(struct values, vmlinux),
	  "For debug: the kernel with its debug information." },
	OPTIONS_END,
};

static volatile int interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

/* What a person expects to find in a shell; those that are installed here are taken. */
static const char *const shell_tools[] = {
	"bash",	   "ls",    "cat",     "dmesg", "mount", "umount", "ps",    "grep",
	"sed",	   "head",  "tail",    "find",	"lsmod", "insmod", "rmmod", "modprobe",
	"modinfo", "mkdir", "rm",      "cp",	"mv",	 "ln",	   "echo",  "sleep",
	"uname",   "dd",    "hexdump", "od",	"sort",	 "wc",	   "kill",  "chmod",
	"ip",	   "env",   "stat",    "df",	"free",	 "lspci",  "less",  "poweroff",
};

static char *on_path(const char *name)
{
	const char *path = getenv("PATH");
	_free_ char *copy = NULL;
	char *rest, *folder;

	if (strchr(name, '/'))
		return realpath(name, NULL);
	if (asprintf(&copy, "%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin") < 0) {
		copy = NULL;
		return NULL;
	}
	rest = copy;
	while ((folder = strsep(&rest, ":"))) {
		char *full = NULL;

		if (asprintf(&full, "%s/%s", folder, name) < 0)
			return NULL;
		if (!access(full, X_OK))
			return full;
		free(full);
	}
	return NULL;
}

/* At the path by which it is called, whatever that leads to here. */
static struct error *add_programs(struct target *t, const struct values *v)
{
	struct error *error = NULL;
	char host[PATH_MAX];

	for (size_t i = 0; !error && i < v->programs.count; i++) {
		const char *path = v->programs.items[i];

		if (*path != '/' || !realpath(path, host))
			return error_new(ERROR_USAGE,
					 "--program %s: there is no such absolute path",
					 path);
		error = target_add_program(t, host, path);
	}
	return error;
}

static struct error *add_files(struct target *t, const struct values *v)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < v->files.count; i++) {
		const char *colon = strrchr(v->files.items[i], ':');
		_free_ char *host =
			colon ? strndup(v->files.items[i], colon - v->files.items[i])
			      : strdup(v->files.items[i]);
		char absolute[PATH_MAX];

		if (!host)
			return error_nomem();
		if (colon && colon[1] != '/')
			return error_new(ERROR_USAGE,
					 "--file %s: '%s' is no absolute path",
					 v->files.items[i], colon + 1);
		if (!realpath(host, absolute))
			return error_errno(errno, "cannot read %s", host);
		error = access(host, X_OK)
				? target_add_file(t, host, colon ? colon + 1 : absolute)
				: target_add_program(t, host,
						     colon ? colon + 1 : absolute);
	}
	for (size_t i = 0; !error && i < v->modules.count; i++)
		error = target_add_module(t, v->modules.items[i], true, NULL);
	return error;
}

static struct error *add_shell(struct target *t)
{
	struct error *error = NULL;

	for (size_t i = 0; !error && i < sizeof(shell_tools) / sizeof(*shell_tools);
	     i++) {
		_free_ char *host = on_path(shell_tools[i]), *path = NULL;

		if (!host)
			continue;
		if (asprintf(&path, "/bin/%s", shell_tools[i]) < 0) {
			path = NULL;
			return error_nomem();
		}
		error = target_add_program(t, host, path);
	}
	return error;
}

static struct error *print(void *context, bool diagnostic, const void *data, size_t size)
{
	(void)context;
	fwrite(data, 1, size, diagnostic ? stderr : stdout);
	fflush(diagnostic ? stderr : stdout);
	return NULL;
}

/* Puts the terminal into raw mode around an interactive program. */
static struct error *run_raw(struct target *t, struct target_program *program,
			     struct target_outcome *outcome)
{
	struct termios before, raw;
	struct error *error;
	bool tty = !tcgetattr(STDIN_FILENO, &before);

	program->terminal = true;
	if (tty) {
		raw = before;
		cfmakeraw(&raw);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	error = target_run(t, program, outcome);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return error;
}

static struct error *hold(struct target *t, const char *folder)
{
	struct error *error = target_hold(t);

	if (error)
		return error;
	fprintf(stderr, "held: 'bookend vm debug %s' attaches gdb; Ctrl-C ends it\n",
		folder);
	while (!interrupted)
		pause();
	return NULL;
}

static struct error *run_in(struct target *t, const struct values *v, const char *folder,
			    const char *const *argv, enum exit_status *ret)
{
	static const char *const shell[] = { "/bin/bash", "--norc", NULL };
	struct target_program program = { .argv = argv ? argv : shell,
					  .timeout_ns = v->timeout,
					  .output = print };
	struct target_outcome outcome;
	struct error *error = target_start(t);

	if (error)
		return error;
	fprintf(stderr, "%s, kernel %s, up in %.1f s\n", t->description, t->release,
		t->boot_seconds);
	error = argv ? target_run(t, &program, &outcome) : run_raw(t, &program, &outcome);
	if (error)
		return error;
	if (outcome.end == TARGET_EXITED) {
		*ret = (enum exit_status)outcome.status;
		return NULL;
	}
	fprintf(stderr, "bookend vm: %s%s%s\n", outcome.why, v->folder ? "; see " : "",
		v->folder ? t->console : "");
	*ret = EXIT_FINDINGS;
	if (outcome.end == TARGET_PANICKED && !v->folder) {
		_free_ char *text = NULL;

		error = target_console(t, 8192, &text);
		if (!error)
			fputs(text, stderr);
	}
	if (!error && v->hold && outcome.end != TARGET_INTERRUPTED)
		error = hold(t, folder);
	return error;
}

static struct error *work(const struct values *v, const struct string_list *operands,
			  const char *folder, enum exit_status *ret)
{
	const char *devices[16] = { NULL }, *forwards[16] = { NULL };
	const char *drives[16] = { NULL };
	struct target_options o = {
		.folder = folder,
		.kernel = v->kernel,
		.append = v->append,
		.devices = devices,
		.forwards = forwards,
		.drives = drives,
		.memory = v->memory,
		.cpus = (unsigned int)v->cpus,
		.boot_ns = v->boot,
		.no_kvm = v->no_kvm,
		.interrupted = &interrupted,
	};
	_cleanup_(target_destroy) struct target *t = NULL;
	bool shell = !strcmp(operands->items[0], "shell");
	_free_ const char **argv = calloc(operands->count + 1, sizeof(*argv));
	_free_ char *host = NULL;
	struct error *error;

	if (!argv)
		return error_nomem();
	for (size_t i = 0; i < v->devices.count && i < 15; i++)
		devices[i] = v->devices.items[i];
	for (size_t i = 0; i < v->drives.count && i < 15; i++) {
		drives[i] = v->drives.items[i];
		if (access(drives[i], R_OK | W_OK))
			return error_errno(errno, "cannot use %s as a disk", drives[i]);
		if (strchr(drives[i], ','))
			return error_new(ERROR_USAGE, "--drive %s: no commas", drives[i]);
	}
	for (size_t i = 0; i < v->forwards.count && i < 15; i++)
		forwards[i] = v->forwards.items[i];
	for (size_t i = 1; i < operands->count; i++)
		argv[i - 1] = operands->items[i];
	error = target_create("vm", &o, &t);
	if (!error)
		error = add_files(t, v);
	if (!error)
		error = add_programs(t, v);
	if (!error && shell)
		error = add_shell(t);
	if (!error && !shell) {
		host = on_path(argv[0]);
		if (host)
			argv[0] = host;
		error = host ? target_add_program(t, host, host)
			     : error_new(ERROR_USAGE, "there is no program '%s' here",
					 argv[0]);
	}
	return error ? error : run_in(t, v, folder, shell ? NULL : argv, ret);
}

static struct error *run(void *values, const struct string_list *operands,
			 enum exit_status *ret)
{
	struct values *v = values;
	const char *what = operands->count ? operands->items[0] : "";
	char temporary[] = "/tmp/bookend-vm-XXXXXX";
	struct sigaction action = { .sa_handler = on_signal };
	struct error *error;

	if (!strcmp(what, "debug")) {
		if (operands->count != 2)
			return error_new(ERROR_USAGE, "debug takes one run folder");
		return debug_attach(operands->items[1], v->vmlinux);
	}
	if (strcmp(what, "shell") && (strcmp(what, "run") || operands->count < 2))
		return error_new(ERROR_USAGE,
				 "say 'run -- COMMAND…', 'shell' or "
				 "'debug DIR'; 'bookend vm --help' tells more");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	if (v->folder)
		return work(v, operands, v->folder, ret);
	if (!mkdtemp(temporary))
		return error_errno(errno, "cannot make %s", temporary);
	error = work(v, operands, temporary, ret);
	if (error && error_kind(error) == ERROR_TIMEOUT)
		return error; /* the console log says why: leave it */
	error_destroy(file_remove_tree(temporary));
	return error;
}

static void deinit(void *values)
{
	struct values *v = values;

	string_list_deinit(&v->files);
	string_list_deinit(&v->programs);
	string_list_deinit(&v->modules);
	string_list_deinit(&v->devices);
	string_list_deinit(&v->forwards);
	string_list_deinit(&v->drives);
}

static const struct tool tool = {
	.command = {
		.name = "vm",
		.usage = "run [OPTION]… -- COMMAND [ARGUMENT]…\n"
			 "shell [OPTION]…\n"
			 "debug [--vmlinux FILE] DIR",
		.summary = "Runs a command in a throwaway virtual machine.",
		.description =
			"Boots a stock kernel in QEMU with nothing but what is named: COMMAND "
			"is taken from this machine with the libraries that it needs, runs as "
			"root, and its exit status becomes this command's. The machine is "
			"gone afterwards, whatever happened to it.",
		.examples = "bookend vm run --module dummy -- /bin/ip link\n"
			    "bookend vm shell --module ./refdrv.ko\n"
			    "bookend vm run --hold -o /tmp/held -- ./crasher",
		.options = options,
	},
	.values_size = sizeof(struct values),
	.run = run,
	.deinit = deinit,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
