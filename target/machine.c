/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real machine: contact, what is brought there, and what is taken away again. */
#include "target/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "common/error.h"
#include "common/file.h"
#include "common/process.h"
#include "target/clock.h"
#include "target/guest_program.h"
#include "target/libraries.h"
#include "target/shared.h"

#define RELAY_PATH "/bookend/relay"
#define SBIN_PATH  "PATH=$PATH:/usr/sbin:/sbin; "

enum {
	SHELL_SECONDS = 60,
	END_SECONDS = 15,
	OUTPUT_LIMIT = 64 << 20,
	CONNECTION_FAILED = 255, /* ssh's exit status */
};

static struct machine *machine_of(struct target *target)
{
	return (struct machine *)target;
}

void machine_quote(struct strbuf *out, const char *text)
{
	strbuf_addc(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_adds(out, "'\\''");
		else
			strbuf_addc(out, *text);
	}
	strbuf_addc(out, '\'');
}

/* In the child, never returns. */
static void become_transport(const struct machine *m, char *line, int in, int out,
			     int err, pid_t parent)
{
	const char *argv[MACHINE_WORDS + 2];
	size_t n = 0;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0); /* Ctrl-C is ours to handle */
	dup2(in >= 0 ? in : open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	while (m->transport[n]) {
		argv[n] = m->transport[n];
		n++;
	}
	argv[n++] = line;
	argv[n] = NULL;
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(CONNECTION_FAILED);
}

static struct error *spawn(const struct machine *m, const char *line, int in, int out,
			   int err, pid_t *ret)
{
	_strbuf_ struct strbuf words = STRBUF_INIT;
	struct error *error;
	pid_t parent = getpid(), pid;

	if (m->sudo && *m->sudo) {
		strbuf_addf(&words, "%ssh -c ", m->sudo);
		machine_quote(&words, line);
	} else {
		strbuf_adds(&words, line);
	}
	error = strbuf_error(&words);
	if (error)
		return error;
	pid = fork();
	if (!pid)
		become_transport(m, words.data, in, out, err, parent);
	if (pid < 0)
		return error_errno(errno, "cannot fork");
	*ret = pid;
	return NULL;
}

static bool take_from(int *fd, struct strbuf *out)
{
	char block[16384];
	ssize_t n = read(*fd, block, sizeof(block));

	if (n > 0 && out->length < OUTPUT_LIMIT)
		strbuf_add(out, block, (size_t)n);
	if (n > 0 || (n < 0 && errno == EINTR))
		return true;
	close(*fd);
	*fd = -1;
	return false;
}

/* Until both pipes close, or time is over. */
static bool collect(const struct machine *m, int out, int err, uint64_t timeout_ns,
		    struct strbuf *said, struct strbuf *complained)
{
	uint64_t deadline = clock_now() + timeout_ns;
	int fds[2] = { out, err };

	while (fds[0] >= 0 || fds[1] >= 0) {
		struct pollfd p[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 } };
		bool stop = m->options.interrupted && *m->options.interrupted;

		if (stop || clock_now() > deadline) {
			for (int i = 0; i < 2; i++)
				if (fds[i] >= 0)
					close(fds[i]);
			return false;
		}
		poll(p, 2, 100);
		if (p[0].revents)
			take_from(&fds[0], said);
		if (p[1].revents)
			take_from(&fds[1], complained);
	}
	return true;
}

/* The last line of what was said, for a message. */
static const char *last_line(struct strbuf *text)
{
	char *at;

	while (text->length && text->data[text->length - 1] == '\n')
		strbuf_truncate(text, text->length - 1);
	at = text->length ? strrchr(text->data, '\n') : NULL;
	if (at)
		return at + 1;
	return text->length ? text->data : "it said nothing";
}

struct error *machine_shell(struct machine *m, const char *line, int stdin_fd,
			    uint64_t timeout_ns, char **ret)
{
	_strbuf_ struct strbuf said = STRBUF_INIT, complained = STRBUF_INIT;
	int out[2], err[2], status = 0;
	struct error *error;
	pid_t pid = 0;
	bool done;

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return error_errno(errno, "cannot make a pipe");
	error = spawn(m, line, stdin_fd, out[1], err[1], &pid);
	close(out[1]);
	close(err[1]);
	if (error) {
		close(out[0]);
		close(err[0]);
		return error;
	}
	done = collect(m, out[0], err[0], timeout_ns, &said, &complained);
	if (!done)
		kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!done)
		return error_new(ERROR_TIMEOUT, "%s did not answer within %llu s", m->who,
				 (unsigned long long)(timeout_ns / CLOCK_SECOND));
	if (m->lossy && WIFEXITED(status) && WEXITSTATUS(status) == CONNECTION_FAILED)
		return error_new(ERROR_MISSING, "cannot reach %s: %s", m->who,
				 last_line(&complained));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return error_new(ERROR_SYSTEM, "on %s: %s", m->who,
				 last_line(complained.length ? &complained : &said));
	return ret ? strbuf_steal(&said, ret) : NULL;
}

/* Root, or somebody who may become it without being asked. */
static struct error *find_power(struct machine *m)
{
	_free_ char *id = NULL;
	struct error *error =
		machine_shell(m, "id -u", -1, SHELL_SECONDS * CLOCK_SECOND, &id);

	if (error)
		return error;
	m->sudo = strdup(atoi(id) ? "sudo -n " : "");
	if (!m->sudo)
		return error_nomem();
	if (!*m->sudo)
		return NULL;
	if (m->here)
		return error_new(ERROR_USAGE, "the target local needs root");
	error = machine_shell(m, "id -u", -1, SHELL_SECONDS * CLOCK_SECOND, NULL);
	if (!error)
		return NULL;
	error_destroy(error);
	return error_new(ERROR_MISSING,
			 "on %s we are user %d, and sudo asks for a password: name root "
			 "(ssh:root@HOST), or let sudo run without one",
			 m->who, atoi(id));
}

static struct error *take_facts(struct machine *m, char *facts)
{
	struct utsname ours;
	char *release, *kind, *boot, *root;

	release = strsep(&facts, "\n");
	kind = strsep(&facts, "\n");
	boot = strsep(&facts, "\n");
	root = strsep(&facts, "\n");
	uname(&ours);
	if (!root || root[0] != '/')
		return error_new(ERROR_SYSTEM,
				 "%s does not answer as a Linux machine does", m->who);
	if (strcmp(kind, ours.machine))
		return error_new(ERROR_INPUT,
				 "%s is a machine of kind %s; what would run there was "
				 "built for %s",
				 m->who, kind, ours.machine);
	m->target.release = strdup(release);
	m->boot_id = strdup(boot);
	if (!m->here)
		m->root = strdup(root);
	m->target.root = m->root;
	return m->target.release && m->boot_id && m->root ? NULL : error_nomem();
}

static struct error *fill(struct machine *m)
{
	char absolute[PATH_MAX];
	struct error *error = file_make_folder(m->options.folder, 0755);

	if (error)
		return error;
	if (!realpath(m->options.folder, absolute))
		return error_errno(errno, "cannot use %s", m->options.folder);
	m->folder = strdup(absolute);
	if (!m->folder)
		return error_nomem();
	if (m->here && asprintf(&m->root, "%s/target", m->folder) < 0) {
		m->root = NULL;
		return error_nomem();
	}
	error = file_join(m->folder, "console.log", &m->target.console);
	return error ? error : image_create_tar(&m->image);
}

struct error *machine_connect(struct machine *m)
{
	_free_ char *facts = NULL, *relay = NULL, *line = NULL;
	struct error *error;

	m->console_fd = -1;
	m->stream.in = m->stream.out = -1;
	m->target.operations = &machine_operations;
	m->target.real = true;
	error = fill(m);
	if (!error)
		error = find_power(m);
	if (!error && asprintf(&line,
			       "uname -r && uname -m && "
			       "cat /proc/sys/kernel/random/boot_id && %s%s",
			       m->here ? "echo " : "mktemp -d /var/tmp/bookend-XXXXXX",
			       m->here ? m->root : "") < 0) {
		line = NULL;
		error = error_nomem();
	}
	if (!error)
		error = machine_shell(m, line, -1, SHELL_SECONDS * CLOCK_SECOND, &facts);
	if (!error)
		error = take_facts(m, facts);
	if (!error)
		error = target_guest_program("bookend-relay", &relay);
	return error ? error : image_add_file(m->image, relay, RELAY_PATH, 0755);
}

static struct error *add_file(struct target *target, const char *host, const char *path)
{
	struct stat st;

	if (stat(host, &st))
		return error_errno(errno, "cannot read %s", host);
	return image_add_file(machine_of(target)->image, host, path, st.st_mode & 0777);
}

static struct error *add_bytes(struct target *target, const void *data, size_t size,
			       const char *path, unsigned int mode)
{
	return image_add_bytes(machine_of(target)->image, data, size, path, mode);
}

static bool is_interpreter(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strncmp(slash ? slash + 1 : path, "ld-", 3) ||
	       !strncmp(slash ? slash + 1 : path, "ld.", 3);
}

/* A shell line that runs @path.bin with the libraries that came with it. */
static struct error *add_launcher(struct machine *m, const struct libraries *libraries,
				  const char *path)
{
	_strbuf_ struct strbuf text = STRBUF_INIT, folders = STRBUF_INIT;
	const char *interpreter = NULL;
	struct error *error = NULL;

	for (size_t i = 0; !error && i < libraries->count; i++) {
		const struct library *l = &libraries->items[i];
		const char *slash = strrchr(l->path, '/');
		_free_ char *folder = strndup(l->path, (size_t)(slash - l->path));

		if (!folder)
			return error_nomem();
		error = image_add_file(m->image, l->host, l->path, 0755);
		if (is_interpreter(l->path))
			interpreter = l->path;
		strbuf_addf(&folders, "%s%s%s", folders.length ? ":" : "", m->root,
			    folder);
	}
	if (error)
		return error;
	strbuf_addf(&text, "#!/bin/sh\nexec ");
	if (interpreter) {
		strbuf_addf(&text, "%s%s --library-path ", m->root, interpreter);
		machine_quote(&text, strbuf_string(&folders));
		strbuf_addc(&text, ' ');
	}
	strbuf_addf(&text, "%s%s.bin \"$@\"\n", m->root, path);
	error = strbuf_error(&text);
	return error ? error
		     : image_add_bytes(m->image, text.data, text.length, path, 0755);
}

static struct error *add_program(struct target *target, const char *host,
				 const char *path)
{
	struct machine *m = machine_of(target);
	_libraries_ struct libraries libraries = { 0 };
	_free_ char *binary = NULL;
	_close_ int fd = open(host, O_RDONLY | O_CLOEXEC);
	char magic[4] = "";
	struct error *error;

	if (fd < 0 || read(fd, magic, sizeof(magic)) < 0)
		return error_errno(errno, "cannot read %s", host);
	if (memcmp(magic, "\177ELF", 4)) /* a script: its interpreter is the machine's */
		return image_add_file(m->image, host, path, 0755);
	if (asprintf(&binary, "%s.bin", path) < 0) {
		binary = NULL;
		return error_nomem();
	}
	error = libraries_add(&libraries, host);
	if (!error)
		error = image_add_file(m->image, host, binary, 0755);
	return error ? error : add_launcher(m, &libraries, path);
}

/* A command with one argument, @a and @b together, whatever is in it. */
static void add_words(struct strbuf *out, const char *command, const char *a,
		      const char *b, const char *then)
{
	_strbuf_ struct strbuf word = STRBUF_INIT;

	strbuf_addf(&word, "%s%s", a, b);
	strbuf_adds(out, command);
	machine_quote(out, strbuf_string(&word));
	strbuf_adds(out, then);
}

/* A file of ours: it lies in ROOT/modules. */
static struct error *add_own_module(struct machine *m, const char *file, bool load,
				    char **ret)
{
	const char *slash = strrchr(file, '/');
	_free_ char *path = NULL, *name = strdup(slash ? slash + 1 : file);
	struct error *error;

	if (!name || asprintf(&path, "/modules/%s", slash ? slash + 1 : file) < 0) {
		path = NULL;
		return error_nomem();
	}
	error = image_add_file(m->image, file, path, 0644);
	name[strcspn(name, ".")] = 0;
	for (char *c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	if (load) {
		add_words(&m->load, "insmod ", m->root, path, " && ");
		add_words(&m->unload, "rmmod ", name, "", "; ");
	}
	if (!error && ret && asprintf(ret, "%s%s", m->root, path) < 0) {
		*ret = NULL;
		error = error_nomem();
	}
	return error;
}

static const char *unpacker(const char *path)
{
	static const char *const words[][2] = { { ".ko.xz", "xz -dc" },
						{ ".ko.zst", "zstd -dcq" },
						{ ".ko.gz", "gzip -dc" } };
	size_t length = strlen(path);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i][0]);

		if (length > n && !strcmp(path + length - n, words[i][0]))
			return words[i][1];
	}
	return NULL;
}

/* A module that the machine has for its kernel. */
static struct error *add_module(struct target *target, const char *name, bool load,
				char **ret)
{
	struct machine *m = machine_of(target);
	_strbuf_ struct strbuf line = STRBUF_INIT;
	_free_ char *file = NULL;
	struct error *error;

	if (strchr(name, '/') ||
	    (strlen(name) > 3 && !strcmp(name + strlen(name) - 3, ".ko")))
		return add_own_module(m, name, load, ret);
	strbuf_adds(&line, SBIN_PATH "modinfo -F filename ");
	machine_quote(&line, name);
	error = machine_shell(m, strbuf_string(&line), -1, SHELL_SECONDS * CLOCK_SECOND,
			      &file);
	if (error)
		return error_wrap(error, "module %s", name);
	file[strcspn(file, "\n")] = 0;
	if (file[0] != '/')
		return NULL; /* built in */
	if (load)
		add_words(&m->load, "modprobe ", name, "", " && ");
	if (!ret)
		return NULL;
	if (!unpacker(file)) {
		*ret = take(file);
		return NULL;
	}
	if (asprintf(ret, "%s/modules/%s.ko", m->root, name) < 0) {
		*ret = NULL;
		return error_nomem();
	}
	add_words(&m->load, "mkdir -p ", m->root, "/modules", " && ");
	strbuf_addf(&m->load, "%s ", unpacker(file));
	add_words(&m->load, "", file, "", " >");
	add_words(&m->load, "", *ret, "", " && ");
	return NULL;
}

static struct error *bring(struct machine *m)
{
	_strbuf_ struct strbuf line = STRBUF_INIT;
	struct error *error;
	int fd;

	error = image_finish(m->image, &fd);
	if (error)
		return error;
	lseek(fd, 0, SEEK_SET);
	strbuf_adds(&line, "mkdir -p ");
	machine_quote(&line, m->root);
	strbuf_adds(&line, " && tar -xf - -C ");
	machine_quote(&line, m->root);
	strbuf_addf(&line, " && %s" RELAY_PATH " end %s none", m->root, m->root);
	return error_wrap(machine_shell(m, strbuf_string(&line), fd,
					SHELL_SECONDS * CLOCK_SECOND, NULL),
			  "cannot bring our programs to %s", m->root);
}

static struct error *start(struct target *target)
{
	struct machine *m = machine_of(target);
	uint64_t begin = clock_now();
	_free_ char *line = NULL;
	struct channel channel;
	struct error *error = bring(m);

	if (!error && m->load.length &&
	    asprintf(&line, SBIN_PATH "%strue", m->load.data) < 0) {
		line = NULL;
		error = error_nomem();
	}
	if (!error && line)
		error = machine_shell(m, line, -1, SHELL_SECONDS * CLOCK_SECOND, NULL);
	if (!error)
		error = shared_create(m->folder, &m->memory, &m->memory_size);
	if (error)
		return error;
	if (!channel_open(m->memory, m->memory_size, &channel))
		return error_new(ERROR_INTERNAL, "%s/shared.bin cannot be read back",
				 m->folder);
	target->area = channel.area;
	target->area_size = channel.area_size;
	target->boot_seconds = (double)(clock_now() - begin) / CLOCK_SECOND;
	m->console_fd = open(target->console,
			     O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (m->console_fd < 0)
		return error_errno(errno, "cannot make %s", target->console);
	if (asprintf(&target->description, "%s%s", m->who, m->lossy ? " over ssh" : "") <
	    0) {
		target->description = NULL;
		return error_nomem();
	}
	return NULL;
}

static struct error *send_signal(struct target *target, int number)
{
	struct machine *m = machine_of(target);

	if (!m->running)
		return error_new(ERROR_INTERNAL, "no program runs on %s", m->who);
	m->signal_waiting = number;
	return NULL;
}

static struct error *read_file(struct target *target, const char *path, size_t limit,
			       char **ret)
{
	_strbuf_ struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "head -c %zu ", limit);
	machine_quote(&line, path);
	return error_wrap(machine_shell(machine_of(target), strbuf_string(&line), -1,
					SHELL_SECONDS * CLOCK_SECOND, ret),
			  "cannot read %s", path);
}

static void share(struct target *target, const struct target_ring *ring)
{
	machine_of(target)->ring = *ring;
}

/* The transport's own connection, which waits for more, is told to go. */
static void hang_up(struct machine *m)
{
	const char *argv[MACHINE_WORDS + 3] = { m->transport[0], "-O", "exit" };
	const struct process_options quiet = { .timeout_ns = END_SECONDS * CLOCK_SECOND,
					       .keep_stderr = true };
	struct process_result result = { 0 };

	for (size_t i = 1; m->transport[0] && m->transport[i]; i++)
		argv[i + 2] = m->transport[i];
	if (m->lossy && m->boot_id)
		error_destroy(process_run(argv, &quiet, &result));
	strbuf_deinit(&result.output);
}

/* What runs is ended, what we loaded is unloaded, our folder goes. */
static void clean_up(struct machine *m)
{
	_strbuf_ struct strbuf line = STRBUF_INIT;

	if (!m->root || !m->boot_id)
		return;
	strbuf_adds(&line, SBIN_PATH);
	if (m->running)
		strbuf_addf(&line, "%s" RELAY_PATH " end %s %u; ", m->root, m->root,
			    m->programs);
	strbuf_addf(&line, "%s rm -rf ", m->unload.length ? m->unload.data : "");
	machine_quote(&line, m->root);
	/* a keeper that comes late may have written into the folder as it went */
	strbuf_adds(&line, " || rm -rf ");
	machine_quote(&line, m->root);
	/* a machine that is gone keeps it; the keeper there ends by itself */
	error_destroy(machine_shell(m, strbuf_string(&line), -1,
				    END_SECONDS * CLOCK_SECOND, NULL));
}

void machine_destroy(struct target *target)
{
	struct machine *m = machine_of(target);

	if (m->stream.pid > 0) {
		kill(-m->stream.pid, SIGKILL);
		waitpid(m->stream.pid, NULL, 0);
		close(m->stream.in);
		close(m->stream.out);
	}
	m->options.interrupted = NULL; /* cleaning up is not interrupted */
	clean_up(m);
	hang_up(m);
	if (m->scratch)
		error_destroy(file_remove_tree(m->scratch));
	strbuf_deinit(&m->stream.partial);
	shared_unmap(&m->memory, m->memory_size);
	if (m->console_fd >= 0)
		close(m->console_fd);
	image_destroy(m->image);
	strbuf_deinit(&m->load);
	strbuf_deinit(&m->unload);
	for (size_t i = 0; i < MACHINE_WORDS; i++)
		free(m->transport[i]);
	free(m->target.description);
	free(m->target.release);
	free(m->target.console);
	free(m->folder);
	free(m->who);
	free(m->scratch);
	free(m->root);
	free(m->boot_id);
	free(m->sudo);
	free(m);
}

const struct target_operations machine_operations = {
	.add_file = add_file,
	.add_bytes = add_bytes,
	.add_program = add_program,
	.add_module = add_module,
	.start = start,
	.run = machine_run,
	.signal = send_signal,
	.read_file = read_file,
	.share = share,
	.destroy = machine_destroy,
};
