/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A throwaway virtual machine under QEMU. */
#include "target/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/error.h"
#include "common/file.h"
#include "target/clock.h"
#include "target/guest/paths.h"

enum {
	SILENCE_SECONDS = 60,
	PANIC_PRINT_SECONDS = 5, /* how long a panic may take to be printed */
	DUMP_SECONDS = 120,
	READ_SECONDS = 120,
};

static struct vm *vm_of(struct target *target)
{
	return (struct vm *)target;
}

/* New console text is looked through once; matches across two reads are not lost. */
static void watch_console(struct vm *vm)
{
	char block[8192 + 1];
	ssize_t n;
	off_t back;

	if (vm->console_fd < 0)
		vm->console_fd = open(vm->target.console, O_RDONLY | O_CLOEXEC);
	if (vm->console_fd < 0)
		return;
	for (;;) {
		back = vm->console_seen < 64 ? vm->console_seen : 64;
		n = pread(vm->console_fd, block, sizeof(block) - 1,
			  vm->console_seen - back);
		if (n <= back)
			return;
		block[n] = 0;
		for (ssize_t i = 0; i < n; i++)
			if (!block[i])
				block[i] = '?';
		if (strstr(block, "Kernel panic - not syncing"))
			vm->console_panic = true;
		if (strstr(block, "end Kernel panic"))
			vm->console_ended = true;
		vm->console_seen += n - back;
	}
}

static bool dead(struct target_outcome *ret, enum target_end end, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool dead(struct target_outcome *ret, enum target_end end, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ret->end = end;
	vsnprintf(ret->why, sizeof(ret->why), format, args);
	va_end(args);
	return false;
}

/* Lets the kernel print to the end, so that the whole report is there to be read. */
static bool panicked(struct vm *vm, struct target_outcome *ret)
{
	uint64_t deadline = clock_now() + PANIC_PRINT_SECONDS * CLOCK_SECOND;

	while (!vm->console_ended && clock_now() < deadline) {
		poll(NULL, 0, 20);
		watch_console(vm);
	}
	return dead(ret, TARGET_PANICKED, "the kernel panicked");
}

/*
 * A machine whose alarm came before it slept would sleep for ever, as on a host that is
 * too busy: half-way to its deadline it is woken as by its power button, and counted.
 */
static void wake(struct vm *vm)
{
	_error_ struct error *error = NULL;
	json_t *status = NULL;
	const char *text;

	error = qmp_command(&vm->qmp, "query-status", NULL, CLOCK_SECOND, &status);
	text = json_string_value(json_object_get(status, "status"));
	if (!error && text && !strcmp(text, "suspended")) {
		error = qmp_command(&vm->qmp, "system_wakeup", NULL, CLOCK_SECOND, NULL);
		vm->target.woken += !error;
	}
	json_decref(status);
}

static bool silent(struct vm *vm)
{
	uint64_t beat = __atomic_load_n(&vm->channel.header->heartbeat, __ATOMIC_ACQUIRE);
	uint64_t limit = vm->options.silence_ns ? vm->options.silence_ns
						: SILENCE_SECONDS * CLOCK_SECOND;
	uint64_t now = clock_now();

	if (beat != vm->heartbeat || !vm->channel.header->ready) {
		vm->heartbeat = beat;
		vm->heartbeat_at = now;
		vm->nudged = false;
	}
	if (!vm->nudged && now - vm->heartbeat_at > limit / 2) {
		vm->nudged = true;
		wake(vm);
	}
	return now - vm->heartbeat_at > limit;
}

bool vm_alive(struct vm *vm, int wait_ms, struct target_outcome *ret)
{
	struct pollfd p = { vm->qmp.fd, POLLIN, 0 };

	if (!vm->pid)
		return dead(ret, TARGET_GONE, "the machine is not running");
	poll(&p, 1, wait_ms);
	if (vm->options.interrupted && *vm->options.interrupted)
		return dead(ret, TARGET_INTERRUPTED, "interrupted");
	qmp_pump(&vm->qmp);
	watch_console(vm);
	if (vm->qmp.panicked || vm->console_panic)
		return panicked(vm, ret);
	if (waitpid(vm->pid, &vm->exit_status, WNOHANG) == vm->pid) {
		vm->pid = 0;
		qmp_deinit(&vm->qmp);
		return dead(ret, TARGET_GONE, "the machine ended");
	}
	if (vm->corrupt)
		return dead(ret, TARGET_GONE,
			    "what the target writes to its channel is corrupt");
	if (silent(vm))
		return dead(ret, TARGET_SILENT, "no sign of life for %llu s",
			    (unsigned long long)((clock_now() - vm->heartbeat_at) /
						 CLOCK_SECOND));
	return true;
}

static struct error *vm_add_file(struct target *target, const char *host,
				 const char *path)
{
	struct stat st;

	if (stat(host, &st))
		return error_errno(errno, "cannot read %s", host);
	return image_add_file(vm_of(target)->image, host, path, st.st_mode & 0777);
}

static struct error *vm_add_bytes(struct target *target, const void *data, size_t size,
				  const char *path, unsigned int mode)
{
	return image_add_bytes(vm_of(target)->image, data, size, path, mode);
}

static struct error *vm_add_program(struct target *target, const char *host,
				    const char *path)
{
	return image_add_program(vm_of(target)->image, host, path);
}

static struct error *add_module_file(struct vm *vm, const char *file, bool load,
				     char **ret)
{
	_free_ char *path = NULL;
	struct error *error;

	if (asprintf(&path, "/lib/modules/%s%s", vm->kernel.release,
		     file + strlen(vm->kernel.modules)) < 0) {
		path = NULL;
		return error_nomem();
	}
	error = image_add_file(vm->image, file, path, 0644);
	if (!error && load)
		strbuf_addf(&vm->load_list, "%s\n", path);
	if (!error && ret)
		*ret = take(path);
	return error;
}

/* A file that is no part of the kernel: it lies in /modules. */
static struct error *add_own_module(struct vm *vm, const char *file, bool load,
				    char **ret)
{
	const char *slash = strrchr(file, '/');
	_free_ char *path = NULL;
	struct error *error;

	if (asprintf(&path, "/modules/%s", slash ? slash + 1 : file) < 0) {
		path = NULL;
		return error_nomem();
	}
	error = image_add_file(vm->image, file, path, 0644);
	if (!error && load)
		strbuf_addf(&vm->load_list, "%s\n", path);
	if (!error && ret)
		*ret = take(path);
	return error;
}

static struct error *vm_add_module(struct target *target, const char *name, bool load,
				   char **ret)
{
	struct vm *vm = vm_of(target);
	size_t count = 0;
	char **files = NULL;
	struct error *error;

	if (strchr(name, '/') ||
	    (strlen(name) > 3 && !strcmp(name + strlen(name) - 3, ".ko")))
		return add_own_module(vm, name, load, ret);
	error = kernel_module_files(&vm->kernel, name, &files, &count);

	for (size_t i = 0; i < count; i++) {
		if (!error)
			error = add_module_file(vm, files[i], load,
						i + 1 == count ? ret : NULL);
		free(files[i]);
	}
	free(files);
	return error;
}

static struct error *add_virtio(struct target *target, const char *driver)
{
	struct error *error = vm_add_module(target, "virtio_pci", true, NULL);

	return error ? error : vm_add_module(target, driver, true, NULL);
}

static struct error *vm_start(struct target *target)
{
	struct vm *vm = vm_of(target);
	_error_ struct error *no_pvpanic =
		vm_add_module(target, "pvpanic-mmio", true, NULL);
	struct error *error = strbuf_error(&vm->load_list);

	if (!error && vm->options.forwards && *vm->options.forwards)
		error = add_virtio(target, "virtio_net");
	if (!error && vm->options.drives && *vm->options.drives)
		error = add_virtio(target, "virtio_blk");
	if (!error)
		error = image_add_bytes(vm->image, strbuf_string(&vm->load_list),
					vm->load_list.length, GUEST_MODULE_LIST, 0644);
	return error ? error : vm_boot(vm);
}

/* Sends a command, waiting for room as long as the machine lives. */
static struct error *vm_send(struct vm *vm, uint32_t type, uint32_t id, const void *data,
			     size_t size)
{
	struct target_outcome outcome;

	while (!channel_send(&vm->channel.commands, type, id, data, size))
		if (!vm_alive(vm, 2, &outcome))
			return error_new(ERROR_SYSTEM, "the target is dead: %s",
					 outcome.why);
	return NULL;
}

static struct error *pack_program(const struct target_program *program,
				  struct strbuf *out)
{
	uint32_t numbers[2] = { program->terminal ? CHANNEL_RUN_TERMINAL : 0, 0 };

	while (program->argv[numbers[1]])
		numbers[1]++;
	strbuf_add(out, numbers, sizeof(numbers));
	for (size_t i = 0; program->argv[i]; i++)
		strbuf_add(out, program->argv[i], strlen(program->argv[i]) + 1);
	for (size_t i = 0; program->environment && program->environment[i]; i++)
		strbuf_add(out, program->environment[i],
			   strlen(program->environment[i]) + 1);
	if (out->length > CHANNEL_FRAME_LIMIT)
		return error_new(ERROR_USAGE, "the command line for the target is longer "
					      "than 64 KiB");
	return strbuf_error(out);
}

static struct error *forward_input(struct vm *vm, uint32_t id, bool *ended)
{
	struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
	char block[4096];
	ssize_t n;

	if (*ended || poll(&p, 1, 0) <= 0)
		return NULL;
	n = read(STDIN_FILENO, block, sizeof(block));
	*ended = n <= 0;
	return vm_send(vm, CHANNEL_INPUT, id, block, n > 0 ? n : 0);
}

/* Takes all that has come; *ended when the program @id has. */
static struct error *take_results(struct vm *vm, const struct target_program *program,
				  uint32_t id, struct target_outcome *ret, bool *ended)
{
	struct channel_frame f;
	struct error *error = NULL;
	int got = 0;

	while (!error && !*ended &&
	       (got = channel_receive(&vm->channel.results, &f, vm->frame)) > 0) {
		bool output = f.type == CHANNEL_OUTPUT || f.type == CHANNEL_DIAGNOSTIC;

		if (f.id != id)
			continue;
		if (output && program->output) {
			error = program->output(program->context,
						f.type == CHANNEL_DIAGNOSTIC, vm->frame,
						f.size);
		} else if (f.type == CHANNEL_EXIT && f.size == 4) {
			uint32_t status;

			memcpy(&status, vm->frame, 4);
			ret->end = TARGET_EXITED;
			ret->status = WIFEXITED(status) ? WEXITSTATUS(status)
							: 128 + WTERMSIG(status);
			*ended = true;
		} else if (f.type == CHANNEL_FAILURE) {
			error = error_new(ERROR_SYSTEM, "in the target: %.*s",
					  (int)f.size, (char *)vm->frame);
		}
	}
	vm->corrupt = vm->corrupt || got < 0;
	return error;
}

static struct error *vm_run(struct target *target, const struct target_program *program,
			    struct target_outcome *ret)
{
	struct vm *vm = vm_of(target);
	_strbuf_ struct strbuf words = STRBUF_INIT;
	uint64_t deadline = program->timeout_ns ? clock_now() + program->timeout_ns : 0;
	bool ended = false, input_ended = !program->terminal;
	uint32_t id = ++vm->last_id;
	struct error *error = pack_program(program, &words);

	if (!error)
		error = vm_send(vm, CHANNEL_RUN, id, words.data, words.length);
	vm->running_id = id;
	while (!error && !ended) {
		bool alive = vm_alive(vm, program->terminal ? 1 : 4, ret);

		error = take_results(vm, program, id, ret, &ended);
		if (!error && !ended && !input_ended)
			error = forward_input(vm, id, &input_ended);
		if (!error && program->tick)
			error = program->tick(program->context);
		if (error || ended || !alive)
			break;
		if (deadline && clock_now() > deadline) {
			dead(ret, TARGET_OVERDUE, "not done within %llu s",
			     (unsigned long long)(program->timeout_ns / CLOCK_SECOND));
			break;
		}
	}
	vm->running_id = 0;
	return error;
}

static struct error *vm_signal(struct target *target, int number)
{
	struct vm *vm = vm_of(target);
	uint32_t payload = number;

	if (!vm->running_id)
		return error_new(ERROR_INTERNAL, "no program runs in the target");
	return vm_send(vm, CHANNEL_SIGNAL, vm->running_id, &payload, sizeof(payload));
}

static struct error *vm_read_file(struct target *target, const char *path, size_t limit,
				  char **ret)
{
	struct vm *vm = vm_of(target);
	_strbuf_ struct strbuf text = STRBUF_INIT;
	uint64_t deadline = clock_now() + READ_SECONDS * CLOCK_SECOND;
	struct target_outcome outcome;
	struct channel_frame f;
	uint32_t id = ++vm->last_id;
	struct error *error = vm_send(vm, CHANNEL_READ, id, path, strlen(path));

	while (!error) {
		bool alive = vm_alive(vm, 2, &outcome);

		while (channel_receive(&vm->channel.results, &f, vm->frame) > 0) {
			if (f.id != id)
				continue;
			if (f.type == CHANNEL_FAILURE)
				return error_new(ERROR_SYSTEM, "in the target: %.*s",
						 (int)f.size, (char *)vm->frame);
			if (f.type == CHANNEL_FILE && !f.size)
				return strbuf_steal(&text, ret);
			if (f.type == CHANNEL_FILE && text.length + f.size <= limit)
				strbuf_add(&text, vm->frame, f.size);
		}
		if (!alive)
			return error_new(ERROR_SYSTEM, "cannot read %s: %s", path,
					 outcome.why);
		if (clock_now() > deadline)
			return error_new(ERROR_TIMEOUT,
					 "the target took too long to "
					 "send %s",
					 path);
	}
	return error;
}

static struct error *vm_dump(struct target *target, const char *path)
{
	struct vm *vm = vm_of(target);
	char absolute[PATH_MAX];
	_free_ char *where = NULL;
	_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_errno(errno, "cannot make %s", path);
	if (!vm->pid)
		return error_new(ERROR_MISSING, "the machine is gone, nothing to dump");
	if (!realpath(path, absolute) || asprintf(&where, "file:%s", absolute) < 0) {
		where = NULL;
		return error_errno(errno, "cannot name %s", path);
	}
	return error_wrap(
		qmp_command(&vm->qmp, "dump-guest-memory",
			    json_pack("{s:b, s:s}", "paging", 0, "protocol", where),
			    DUMP_SECONDS * CLOCK_SECOND, NULL),
		"cannot dump the target's memory to %s", path);
}

static struct error *vm_hold(struct target *target)
{
	struct vm *vm = vm_of(target);

	if (!vm->pid)
		return error_new(ERROR_MISSING, "the machine is gone, nothing to hold");
	return qmp_command(&vm->qmp, "human-monitor-command",
			   json_pack("{s:s}", "command-line",
				     "gdbserver unix:" TARGET_GDB_SOCKET
				     ",server=on,wait=off"),
			   20 * CLOCK_SECOND, NULL);
}

static void vm_destroy(struct target *target)
{
	struct vm *vm = vm_of(target);
	_free_ char *socket_path = NULL, *qemu_log = NULL;
	struct stat st;

	vm_kill(vm);
	if (vm->folder &&
	    asprintf(&socket_path, "%s/%s", vm->folder, TARGET_GDB_SOCKET) >= 0)
		unlink(socket_path);
	if (vm->folder && asprintf(&qemu_log, "%s/qemu.log", vm->folder) >= 0 &&
	    !stat(qemu_log, &st) && !st.st_size)
		unlink(qemu_log);
	if (vm->memory)
		munmap(vm->memory, vm->memory_size);
	if (vm->console_fd >= 0)
		close(vm->console_fd);
	image_destroy(vm->image);
	kernel_deinit(&vm->kernel);
	strbuf_deinit(&vm->load_list);
	strbuf_deinit(&vm->notes);
	free(vm->target.description);
	free(vm->target.release);
	free(vm->target.console);
	free(vm->folder);
	free(vm->frame);
	free(vm);
}

static const struct target_operations operations = {
	.add_file = vm_add_file,
	.add_bytes = vm_add_bytes,
	.add_program = vm_add_program,
	.add_module = vm_add_module,
	.start = vm_start,
	.run = vm_run,
	.signal = vm_signal,
	.read_file = vm_read_file,
	.dump = vm_dump,
	.hold = vm_hold,
	.destroy = vm_destroy,
};

static struct error *vm_fill(struct vm *vm)
{
	_free_ char *init = NULL;
	char absolute[PATH_MAX];
	struct error *error = file_make_folder(vm->options.folder, 0755);

	if (error)
		return error;
	if (!realpath(vm->options.folder, absolute))
		return error_errno(errno, "cannot use %s", vm->options.folder);
	vm->folder = strdup(absolute);
	vm->frame = malloc(CHANNEL_FRAME_LIMIT + 1);
	if (!vm->folder || !vm->frame)
		return error_nomem();
	error = file_join(vm->folder, "console.log", &vm->target.console);
	if (!error)
		unlink(vm->target.console); /* an earlier panic must not look like ours */
	if (!error)
		error = kernel_find(vm->options.kernel, &vm->kernel);
	if (!error)
		error = image_create(&vm->image);
	if (!error)
		error = target_guest_program("bookend-init", &init);
	if (!error)
		error = image_add_program(vm->image, init, "/init");
	return error;
}

static struct error *vm_create(const struct target_options *options, struct target **ret)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	struct error *error;

	if (!vm)
		return error_nomem();
	vm->target.operations = &operations;
	vm->target.kind = "vm";
	vm->options = *options;
	vm->console_fd = -1;
	vm->qmp.fd = -1;
	error = vm_fill(vm);
	if (error) {
		vm_destroy(&vm->target);
		return error;
	}
	*ret = &vm->target;
	return NULL;
}

static const struct target_kind vm_kind = {
	.name = "vm",
	.summary = "a throwaway virtual machine with a stock kernel",
	.create = vm_create,
};
REGISTER(target_kind, vm_kind);
