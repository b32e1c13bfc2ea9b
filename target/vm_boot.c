/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's command line, its start, KVM or not, and the wait for PID 1. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "target/clock.h"
#include "target/shared.h"
#include "target/vm.h"

enum {
	MAX_ARGUMENTS = 64,
	KVM_SECONDS = 5, /* a working KVM boots in one */
	BOOT_SECONDS = 120,
};

struct arguments {
	char *items[MAX_ARGUMENTS];
	size_t count;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void add(struct arguments *a,
						      const char *format, ...)
{
	va_list args;

	if (a->count + 1 >= MAX_ARGUMENTS) {
		a->failed = true;
		return;
	}
	va_start(args, format);
	if (vasprintf(&a->items[a->count], format, args) < 0)
		a->failed = true;
	else
		a->count++;
	va_end(args);
}

static void arguments_deinit(struct arguments *a)
{
	while (a->count)
		free(a->items[--a->count]);
}

static void add_machine(struct arguments *a, const struct vm *vm, const char *accel)
{
	uint64_t memory = vm->options.memory ? vm->options.memory : UINT64_C(512) << 20;

	add(a, "qemu-system-x86_64");
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add(a, "-machine");
	add(a, "pc,accel=%s", accel);
	add(a, "-cpu");
	/*
	 * Four page table levels: emulated walks are shorter, dumps easier to read.
	 * QEMU 7.2 emulates CMPXCHG16B with wrong flags, which newer kernels die of; they
	 * have a way around an instruction that is not there.
	 */
	add(a, "max,la57=off%s", strcmp(accel, "tcg") ? "" : ",cx16=off");
	add(a, "-smp");
	add(a, "%u", vm->options.cpus ? vm->options.cpus : 2);
	add(a, "-m");
	add(a, "%lluM", (unsigned long long)(memory >> 20));
	add(a, "-display");
	add(a, "none");
	add(a, "-no-reboot");
	/* the kernel goes on to print its panic, and stays there to be dumped */
	add(a, "-action");
	add(a, "panic=none");
}

static void add_devices(struct arguments *a, const struct vm *vm, int qmp)
{
	add(a, "-chardev");
	add(a, "file,id=console,path=console.log");
	add(a, "-serial");
	add(a, "chardev:console");
	add(a, "-chardev");
	add(a, "socket,id=qmp,fd=%d", qmp);
	add(a, "-mon");
	add(a, "chardev=qmp,mode=control");
	add(a, "-object");
	add(a, "memory-backend-file,id=shared,share=on,mem-path=shared.bin,size=%zu",
	    vm->memory_size);
	add(a, "-device");
	add(a, "ivshmem-plain,memdev=shared");
	add(a, "-device");
	add(a, "pvpanic");
	for (const char *const *d = vm->options.devices; d && *d; d++) {
		add(a, "-device");
		add(a, "%s", *d);
	}
}

/* Reachable from here through the ports named, and from nowhere else; it reaches nobody.
 */
static void add_network(struct arguments *a, const struct vm *vm)
{
	const char *const *forwards = vm->options.forwards;
	_strbuf_ struct strbuf words = STRBUF_INIT;

	if (!forwards || !*forwards)
		return;
	strbuf_adds(&words, "user,id=net,restrict=on");
	for (; *forwards; forwards++) {
		size_t host = strcspn(*forwards, ":");

		strbuf_addf(&words, ",hostfwd=tcp:127.0.0.1:%.*s-:%s", (int)host,
			    *forwards,
			    (*forwards)[host] ? *forwards + host + 1 : *forwards);
	}
	a->failed = a->failed || words.failed;
	add(a, "-netdev");
	add(a, "%s", strbuf_string(&words));
	add(a, "-device");
	add(a, "virtio-net-pci,netdev=net,romfile=");
}

/* What the guest has flushed is in the file, and nothing else must be. */
static void add_drives(struct arguments *a, const struct vm *vm)
{
	for (const char *const *d = vm->options.drives; d && *d; d++) {
		char path[PATH_MAX];

		add(a, "-drive");
		add(a, "if=virtio,format=raw,file=%s", realpath(*d, path) ? path : *d);
	}
}

static void add_kernel(struct arguments *a, const struct vm *vm, int initrd)
{
	add(a, "-kernel");
	add(a, "%s", vm->kernel.image);
	add(a, "-initrd");
	add(a, "/proc/self/fd/%d", initrd);
	add(a, "-append");
	/* with stacks that lie alike, the leak census knows them again instead of walking
	 */
	add(a,
	    "console=ttyS0 quiet panic=0 oops=panic random.trust_cpu=on no_timer_check "
	    "randomize_kstack_offset=off rcupdate.rcu_cpu_stall_timeout=80 %s",
	    vm->options.append ? vm->options.append : "");
}

/* In the child, never returns. */
static void become_qemu(struct arguments *a, const struct vm *vm, const int keep[2],
			int report, pid_t parent)
{
	int log, code;

	/* no QEMU without us, whatever ends us */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0); /* Ctrl-C is ours to handle */
	if (!chdir(vm->folder)) {
		log = open("qemu.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(log, STDOUT_FILENO);
		dup2(log, STDERR_FILENO);
		for (int i = 0; i < 2; i++)
			fcntl(keep[i], F_SETFD, 0);
		execvp(a->items[0], a->items);
	}
	code = errno;
	if (write(report, &code, sizeof(code)) != sizeof(code))
		_exit(126);
	_exit(127);
}

static struct error *spawn(struct vm *vm, const char *accel, int initrd)
{
	int sockets[2], report[2], code = 0;
	struct arguments a = { 0 };
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) ||
	    pipe2(report, O_CLOEXEC))
		return error_errno(errno, "cannot make a socket for QEMU");
	add_machine(&a, vm, accel);
	add_devices(&a, vm, sockets[1]);
	add_network(&a, vm);
	add_drives(&a, vm);
	add_kernel(&a, vm, initrd);
	lseek(initrd, 0, SEEK_SET);
	vm->pid = a.failed ? -1 : fork();
	if (!vm->pid)
		become_qemu(&a, vm, (int[]){ sockets[1], initrd }, report[1], parent);
	arguments_deinit(&a);
	close(sockets[1]);
	close(report[1]);
	qmp_init(&vm->qmp, sockets[0]);
	if (vm->pid < 0) {
		close(report[0]);
		vm->pid = 0;
		return a.failed ? error_new(ERROR_USAGE, "too many devices for QEMU")
				: error_errno(errno, "cannot fork");
	}
	if (read(report[0], &code, sizeof(code)) != sizeof(code))
		code = 0;
	close(report[0]);
	if (!code)
		return NULL;
	vm_kill(vm);
	return error_errno(code, "cannot run qemu-system-x86_64");
}

/* What QEMU itself said, for an error message. */
static void qemu_said(const struct vm *vm, char *line, size_t size)
{
	_free_ char *path = NULL, *text = NULL;
	_error_ struct error *error = file_join(vm->folder, "qemu.log", &path);
	char *end, *begin;

	snprintf(line, size, "it said nothing");
	if (!error)
		error = file_read_text(path, 1 << 20, &text);
	if (error || !*text)
		return;
	end = text + strlen(text);
	while (end > text && end[-1] == '\n')
		*--end = 0;
	begin = strrchr(text, '\n');
	snprintf(line, size, "%s", begin ? begin + 1 : text);
}

static struct error *wait_ready(struct vm *vm, uint64_t limit_ns)
{
	uint64_t deadline = clock_now() + limit_ns;
	struct target_outcome outcome;
	struct channel_frame frame;
	char line[160];

	for (;;) {
		bool alive = vm_alive(vm, 5, &outcome);

		while (channel_receive(&vm->channel.results, &frame, vm->frame) > 0) {
			if (frame.type == CHANNEL_NOTE)
				strbuf_addf(&vm->notes, "%.*s\n", (int)frame.size,
					    (char *)vm->frame);
			if (frame.type != CHANNEL_READY)
				continue;
			vm->target.release = strndup((char *)vm->frame, frame.size);
			return vm->target.release ? NULL : error_nomem();
		}
		if (!alive && outcome.end == TARGET_INTERRUPTED)
			return error_new(ERROR_INTERRUPT, "interrupted");
		if (!alive && !vm->pid) {
			qemu_said(vm, line, sizeof(line));
			return error_new(ERROR_SYSTEM,
					 "QEMU ended before the target was up: %s; see "
					 "%s/console.log",
					 line, vm->folder);
		}
		if (!alive)
			return error_new(ERROR_SYSTEM,
					 "the target does not boot: %s; see "
					 "%s/console.log",
					 outcome.why, vm->folder);
		if (clock_now() >= deadline)
			return error_new(ERROR_TIMEOUT,
					 "the target did not come up within %llu s; see "
					 "%s/console.log",
					 (unsigned long long)(limit_ns / CLOCK_SECOND),
					 vm->folder);
	}
}

static struct error *make_shared(struct vm *vm)
{
	struct error *error;

	shared_unmap(&vm->memory, vm->memory_size);
	error = shared_create(vm->folder, &vm->memory, &vm->memory_size);
	if (error)
		return error;
	if (!channel_open(vm->memory, vm->memory_size, &vm->channel))
		return error_new(ERROR_INTERNAL, "%s/shared.bin cannot be read back",
				 vm->folder);
	vm->target.area = vm->channel.area;
	vm->target.area_size = vm->channel.area_size;
	return NULL;
}

/* Where it is remembered that KVM does not work since this machine's boot. */
static char *kvm_mark(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	_free_ char *folder = NULL, *boot = NULL;
	char *path = NULL;
	_error_ struct error *error = NULL;

	if (asprintf(&folder, "%s%s/bookend", cache ? cache : (home ? home : "/tmp"),
		     cache ? "" : "/.cache") < 0) {
		folder = NULL;
		return NULL;
	}
	error = file_make_folder(folder, 0700);
	if (!error)
		error = file_read_text("/proc/sys/kernel/random/boot_id", 64, &boot);
	if (error || asprintf(&path, "%s/no-kvm-%.36s", folder, boot) < 0)
		return NULL;
	return path;
}

static struct error *attempt(struct vm *vm, const char *accel, int initrd,
			     uint64_t limit_ns)
{
	struct error *error = make_shared(vm);
	uint64_t begin = clock_now();

	vm->console_seen = 0;
	vm->console_panic = vm->console_ended = false;
	vm->heartbeat_at = begin;
	if (!error)
		error = spawn(vm, accel, initrd);
	if (!error)
		error = wait_ready(vm, limit_ns);
	if (!error)
		error = qmp_command(&vm->qmp, "qmp_capabilities", NULL, 20 * CLOCK_SECOND,
				    NULL);
	vm->target.boot_seconds = (double)(clock_now() - begin) / CLOCK_SECOND;
	if (error)
		vm_kill(vm);
	return error;
}

static struct error *describe(struct vm *vm, const char *how)
{
	return asprintf(&vm->target.description, "throwaway VM (%s)", how) < 0
		       ? error_nomem()
		       : NULL;
}

struct error *vm_boot(struct vm *vm)
{
	uint64_t limit =
		vm->options.boot_ns ? vm->options.boot_ns : BOOT_SECONDS * CLOCK_SECOND;
	_free_ char *mark = kvm_mark();
	struct error *error;
	int initrd;

	if (!process_found("qemu-system-x86_64"))
		return error_new(ERROR_MISSING, "qemu-system-x86_64 is not installed: "
						"'./setup build' installs it");
	error = image_finish(vm->image, &initrd);
	if (error)
		return error;
	if (!vm->options.no_kvm && !access("/dev/kvm", R_OK | W_OK) &&
	    !(mark && !access(mark, F_OK))) {
		_error_ struct error *kvm =
			attempt(vm, "kvm", initrd, KVM_SECONDS * CLOCK_SECOND);

		if (!kvm)
			return describe(vm, "KVM");
		if (error_kind(kvm) == ERROR_INTERRUPT)
			return take(kvm);
		if (mark)
			close(open(mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	error = attempt(vm, "tcg", initrd, limit);
	return error ? error : describe(vm, "TCG");
}

void vm_kill(struct vm *vm)
{
	if (vm->pid > 0) {
		kill(vm->pid, SIGKILL);
		waitpid(vm->pid, &vm->exit_status, 0);
	}
	vm->pid = 0;
	qmp_deinit(&vm->qmp);
}

struct error *target_guest_program(const char *name, char **ret)
{
	static const char *const places[] = { "../guest", "../libexec/bookend/guest",
					      "guest", "../../guest" };
	_free_ char *own = NULL;
	struct error *error = file_own_folder(&own);

	for (size_t i = 0; !error && i < sizeof(places) / sizeof(*places); i++) {
		char *path = NULL;

		if (asprintf(&path, "%s/%s/%s", own, places[i], name) < 0)
			return error_nomem();
		if (!access(path, R_OK)) {
			*ret = path;
			return NULL;
		}
		free(path);
	}
	return error ? error
		     : error_new(ERROR_MISSING,
				 "%s, which runs in the target, is not installed near %s",
				 name, own);
}
