/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program on a real machine: started, followed, found again after a lost connection. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "common/error.h"
#include "target/clock.h"
#include "target/machine.h"
#include "target/shared.h"

enum {
	SILENCE_SECONDS = 60,
	ORPHAN_MINUTES = 30,
	DEAD_SECONDS = 20, /* without a beat: the connection is given up */
	RETRY_MS = 1000,
	SHELL_SECONDS = 120,
	PSTORE_LIMIT = 4 << 20,
	SENT_AGAIN_MS = 20, /* how often we say what is safe */
};

/* What goes on while one program runs. */
struct following {
	struct machine *m;
	const struct target_program *program;
	struct target_outcome *outcome;
	bool ended;
	uint64_t tail_ms, lost_at, tried_at;
	char why_lost[100];
};

static uint64_t *counter(const struct machine *m, size_t offset)
{
	return (uint64_t *)(void *)(m->target.area + offset);
}

/* The area as the program shall find it, on the machine's disk. */
static struct error *place_area(struct machine *m)
{
	_close_ int fd = memfd_create("area", MFD_CLOEXEC);
	_strbuf_ struct strbuf line = STRBUF_INIT;

	if (m->here || !m->ring.capacity)
		return NULL;
	if (fd < 0 ||
	    write(fd, m->target.area, m->ring.state_size) != (ssize_t)m->ring.state_size)
		return error_errno(errno, "cannot make memory for %s", m->who);
	lseek(fd, 0, SEEK_SET);
	strbuf_addf(&line, "%s/bookend/relay area %s/area %zu", m->root, m->root,
		    m->target.area_size);
	return machine_shell(m, strbuf_string(&line), fd, SHELL_SECONDS * CLOCK_SECOND,
			     NULL);
}

static void add_environment(const struct machine *m, const struct target_program *p,
			    struct strbuf *line)
{
	_strbuf_ struct strbuf word = STRBUF_INIT;

	if (m->here)
		strbuf_addf(&word, "BOOKEND_AREA=%s/shared.bin:%d:%zu", m->folder,
			    CHANNEL_AREA_OFFSET, m->target.area_size);
	else
		strbuf_addf(&word, "BOOKEND_AREA=%s/area:0:%zu", m->root,
			    m->target.area_size);
	machine_quote(line, strbuf_string(&word));
	for (size_t i = 0; p->environment && p->environment[i]; i++) {
		strbuf_addc(line, ' ');
		machine_quote(line, p->environment[i]);
	}
	strbuf_adds(line, " --");
	for (size_t i = 0; p->argv[i]; i++) {
		strbuf_addc(line, ' ');
		machine_quote(line, p->argv[i]);
	}
}

static struct error *start_program(struct machine *m, const struct target_program *p)
{
	_strbuf_ struct strbuf line = STRBUF_INIT;
	uint64_t orphan = m->options.orphan_ns ? m->options.orphan_ns / CLOCK_SECOND
					       : ORPHAN_MINUTES * 60;
	struct error *error = place_area(m);

	if (error)
		return error;
	m->programs++;
	m->out_taken = m->err_taken = 0;
	strbuf_addf(&line, "%s/bookend/relay keep %s %u %llu ", m->root, m->root,
		    m->programs, (unsigned long long)orphan);
	add_environment(m, p, &line);
	error = machine_shell(m, strbuf_string(&line), -1, SHELL_SECONDS * CLOCK_SECOND,
			      NULL);
	m->running = !error;
	return error;
}

static void disconnect(struct machine *m)
{
	struct machine_stream *s = &m->stream;

	if (s->pid > 0) {
		kill(-s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
		close(s->in);
		close(s->out);
	}
	s->pid = 0;
	s->in = s->out = -1;
	strbuf_truncate(&s->partial, 0);
}

static void add_stream_words(const struct machine *m, struct strbuf *line)
{
	strbuf_addf(line, "%s/bookend/relay stream %s %u %llu %llu %llu", m->root,
		    m->root, m->programs, (unsigned long long)m->out_taken,
		    (unsigned long long)m->err_taken, (unsigned long long)m->kmsg_next);
	if (!m->here && m->ring.capacity)
		strbuf_addf(line, " %s/area %zu %zu %zu %zu %zu %llu", m->root,
			    m->ring.state_size, m->ring.head, m->ring.tail,
			    m->ring.records, m->ring.record_size,
			    (unsigned long long)m->ring.capacity);
}

/* In the child, never returns. */
static void become_stream(const struct machine *m, char *line, int in, int out,
			  pid_t parent)
{
	const char *argv[MACHINE_WORDS + 2];
	_strbuf_ struct strbuf path = STRBUF_INIT;
	size_t n = 0;
	int log;

	strbuf_addf(&path, "%s/transport.log", m->folder);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	setpgid(0, 0);
	log = open(strbuf_string(&path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	for (; m->transport[n]; n++)
		argv[n] = m->transport[n];
	argv[n++] = line;
	argv[n] = NULL;
	execvp(argv[0], (char *const *)argv);
	_exit(255);
}

static struct error *connect_stream(struct machine *m)
{
	_strbuf_ struct strbuf words = STRBUF_INIT, line = STRBUF_INIT;
	struct machine_stream *s = &m->stream;
	pid_t parent = getpid();
	int in[2], out[2];
	struct error *error;

	add_stream_words(m, &words);
	if (*m->sudo) {
		strbuf_addf(&line, "%ssh -c ", m->sudo);
		machine_quote(&line, strbuf_string(&words));
	} else {
		strbuf_addf(&line, "exec %s", strbuf_string(&words));
	}
	error = strbuf_error(&line);
	if (error)
		return error;
	/* a socket: writing to a connection that is gone must not be a signal */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) ||
	    pipe2(out, O_CLOEXEC))
		return error_errno(errno, "cannot make a pipe");
	s->pid = fork();
	if (!s->pid)
		become_stream(m, line.data, in[1], out[1], parent);
	close(in[1]);
	close(out[1]);
	s->in = in[0];
	s->out = out[0];
	if (s->pid < 0) {
		s->pid = 0;
		close(s->in);
		close(s->out);
		return error_errno(errno, "cannot fork");
	}
	fcntl(s->out, F_SETFL, O_NONBLOCK);
	s->heard_ns = clock_now();
	return NULL;
}

static void tell(struct machine *m, uint32_t type, uint64_t number)
{
	struct {
		struct channel_frame frame;
		uint64_t number;
	} message = { { type, 0, sizeof(number), 0 }, number };

	if (m->stream.pid)
		send(m->stream.in, &message, sizeof(message),
		     MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void take_console(struct machine *m, const uint8_t *data, size_t size)
{
	uint64_t sequence;

	if (size < sizeof(sequence))
		return;
	memcpy(&sequence, data, sizeof(sequence));
	m->kmsg_next = sequence + 1;
	/* a full disk here shows where the journal is kept, too */
	if (write(m->console_fd, data + sizeof(sequence), size - sizeof(sequence)) < 0)
		return;
}

/* Bytes of the area come over ours, but for the counter that is ours to write. */
static void take_area(struct machine *m, const uint8_t *data, size_t size)
{
	uint64_t offset, tail;

	if (size < sizeof(offset) || m->here || !m->ring.capacity)
		return;
	memcpy(&offset, data, sizeof(offset));
	size -= sizeof(offset);
	if (offset > m->target.area_size || size > m->target.area_size - offset)
		return;
	if (offset == m->ring.head && size == sizeof(uint64_t)) {
		memcpy(&tail, data + sizeof(offset), sizeof(tail));
		__atomic_store_n(counter(m, m->ring.head), tail, __ATOMIC_RELEASE);
		return;
	}
	tail = *counter(m, m->ring.tail);
	/* a page of the state may say a head whose records are still to come */
	if (offset <= m->ring.head && offset + size > m->ring.head) {
		uint64_t head = *counter(m, m->ring.head);

		memcpy(m->target.area + offset, data + sizeof(offset), size);
		*counter(m, m->ring.head) = head;
	} else {
		memcpy(m->target.area + offset, data + sizeof(offset), size);
	}
	*counter(m, m->ring.tail) = tail;
}

static struct error *take_frame(struct following *f, const struct channel_frame *frame,
				const uint8_t *data)
{
	const struct target_program *p = f->program;
	bool diagnostic = frame->type == CHANNEL_DIAGNOSTIC;
	struct machine *m = f->m;
	uint32_t status;

	switch (frame->type) {
	case CHANNEL_OUTPUT:
	case CHANNEL_DIAGNOSTIC:
		*(diagnostic ? &m->err_taken : &m->out_taken) += frame->size;
		return p->output ? p->output(p->context, diagnostic, data, frame->size)
				 : NULL;
	case CHANNEL_EXIT:
		if (frame->size != sizeof(status))
			return NULL;
		memcpy(&status, data, sizeof(status));
		f->outcome->end = TARGET_EXITED;
		f->outcome->status =
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		f->ended = true;
		return NULL;
	case RELAY_CONSOLE:
		take_console(m, data, frame->size);
		return NULL;
	case RELAY_AREA:
		take_area(m, data, frame->size);
		return NULL;
	case RELAY_LOST:
		f->outcome->end = TARGET_GONE;
		snprintf(f->outcome->why, sizeof(f->outcome->why), "%s",
			 "what kept the program there was ended");
		f->ended = true;
		return NULL;
	default:
		return NULL;
	}
}

/* Whole frames out of what has come; *broken when it is none. */
static struct error *take_frames(struct following *f, bool *broken)
{
	struct strbuf *partial = &f->m->stream.partial;
	struct channel_frame frame;
	struct error *error = NULL;
	size_t at = 0;

	while (!error && !f->ended && partial->length - at >= sizeof(frame)) {
		memcpy(&frame, partial->data + at, sizeof(frame));
		if (frame.size > CHANNEL_FRAME_LIMIT) {
			*broken = true;
			break;
		}
		if (partial->length - at < sizeof(frame) + frame.size)
			break;
		error = take_frame(f, &frame,
				   (uint8_t *)partial->data + at + sizeof(frame));
		at += sizeof(frame) + frame.size;
	}
	if (at) {
		memmove(partial->data, partial->data + at, partial->length - at);
		partial->length -= at;
	}
	return error ? error : strbuf_error(partial);
}

static void lose(struct following *f, const char *why)
{
	disconnect(f->m);
	if (f->m->lossy && !f->lost_at) {
		f->lost_at = clock_now();
		f->m->target.losses++;
	}
	snprintf(f->why_lost, sizeof(f->why_lost), "%s", why);
}

/* Waits a moment, and takes what comes; a connection that ended is noted. */
static struct error *listen_to(struct following *f)
{
	struct machine_stream *s = &f->m->stream;
	struct pollfd p = { s->out, POLLIN, 0 };
	struct error *error = NULL;
	char block[65536];
	bool broken = false;
	ssize_t n = 0;

	poll(&p, 1, 4);
	/* some at a time: the program's owner wants its turn */
	for (int i = 0; i < 16 && !error && !f->ended; i++) {
		n = read(s->out, block, sizeof(block));
		if (n <= 0)
			break;
		s->heard_ns = clock_now();
		f->lost_at = 0;
		strbuf_add(&s->partial, block, (size_t)n);
		error = take_frames(f, &broken);
	}
	if (error || f->ended)
		return error;
	if (broken)
		lose(f, "what came from it makes no sense");
	else if (n == 0)
		lose(f, "the connection ended");
	else if (clock_now() - s->heard_ns > DEAD_SECONDS * CLOCK_SECOND)
		lose(f, "the connection is silent");
	return NULL;
}

/* After a restart: what the kernel kept of its last moments (pstore). */
static void take_pstore(struct machine *m, struct target_outcome *outcome)
{
	_free_ char *text = NULL;
	_error_ struct error *error = machine_shell(
		m,
		"cat /sys/fs/pstore/dmesg-* /var/lib/systemd/pstore/*/dmesg.txt "
		"2>/dev/null | head -c 4194304; true",
		-1, SHELL_SECONDS * CLOCK_SECOND, &text);

	if (error || !text || !*text)
		return;
	if (write(m->console_fd, text, strlen(text)) < 0)
		return;
	if (!strstr(text, "Kernel panic"))
		return;
	outcome->end = TARGET_PANICKED;
	snprintf(outcome->why, sizeof(outcome->why),
		 "the kernel panicked, and the machine restarted");
}

/* It may be another boot that answers now: then the program is no more. */
static void look_for_restart(struct following *f)
{
	_free_ char *boot = NULL, *line = NULL;
	struct machine *m = f->m;
	_error_ struct error *error = NULL;

	if (asprintf(&line, "cat /proc/sys/kernel/random/boot_id; ls %s/bookend/relay",
		     m->root) < 0) {
		line = NULL;
		return;
	}
	error = machine_shell(m, line, -1, DEAD_SECONDS * CLOCK_SECOND, &boot);
	if (error && error_kind(error) != ERROR_SYSTEM) {
		snprintf(f->why_lost, sizeof(f->why_lost), "%.99s", error_message(error));
		return;
	}
	if (!error && !strncmp(boot, m->boot_id, strlen(m->boot_id))) {
		error_destroy(connect_stream(m));
		return;
	}
	/* what was recorded before is on its disk, if that is one */
	if (!error) {
		error_destroy(connect_stream(m));
		for (int i = 0; i < 3000 && m->stream.pid && !f->ended; i++)
			error_destroy(listen_to(f));
	}
	f->ended = true;
	f->outcome->end = TARGET_GONE;
	snprintf(f->outcome->why, sizeof(f->outcome->why), "%.60s restarted%s", m->who,
		 error ? ", and kept nothing of what it recorded since the connection "
			 "was lost"
		       : "");
	take_pstore(m, f->outcome);
}

static void look_again(struct following *f)
{
	struct machine *m = f->m;
	uint64_t limit = m->options.silence_ns ? m->options.silence_ns
					       : SILENCE_SECONDS * CLOCK_SECOND;
	uint64_t now = clock_now();

	if (!m->lossy) {
		f->ended = true;
		f->outcome->end = TARGET_GONE;
		snprintf(f->outcome->why, sizeof(f->outcome->why), "%s", f->why_lost);
		return;
	}
	if (now - f->lost_at > limit) {
		f->ended = true;
		m->target.vanished = true;
		f->outcome->end = TARGET_GONE;
		snprintf(f->outcome->why, sizeof(f->outcome->why),
			 "%.40s vanished: no connection for %llu s (%.70s)", m->who,
			 (unsigned long long)((now - f->lost_at) / CLOCK_SECOND),
			 f->why_lost);
		return;
	}
	if (now - f->tried_at < RETRY_MS * CLOCK_MS) {
		poll(NULL, 0, 20);
		return;
	}
	f->tried_at = now;
	look_for_restart(f);
}

/* Signals that wait, and up to where records are safe with us. */
static void speak(struct following *f)
{
	struct machine *m = f->m;
	uint64_t tail, now = clock_now();

	if (!m->stream.pid)
		return;
	if (m->signal_waiting) {
		tell(m, CHANNEL_SIGNAL, (uint64_t)m->signal_waiting);
		m->signal_waiting = 0;
	}
	if (m->here || !m->ring.capacity || now - f->tail_ms < SENT_AGAIN_MS * CLOCK_MS)
		return;
	f->tail_ms = now;
	tail = __atomic_load_n(counter(m, m->ring.tail), __ATOMIC_ACQUIRE);
	if (tail != m->tail_told)
		tell(m, RELAY_TAIL, tail);
	m->tail_told = tail;
}

static bool over(struct following *f, uint64_t deadline)
{
	struct machine *m = f->m;

	if (f->ended)
		return true;
	if (m->options.interrupted && *m->options.interrupted) {
		f->outcome->end = TARGET_INTERRUPTED;
		snprintf(f->outcome->why, sizeof(f->outcome->why), "interrupted");
		return true;
	}
	if (deadline && clock_now() > deadline) {
		f->outcome->end = TARGET_OVERDUE;
		snprintf(f->outcome->why, sizeof(f->outcome->why),
			 "not done within %llu s",
			 (unsigned long long)(f->program->timeout_ns / CLOCK_SECOND));
		return true;
	}
	return false;
}

struct error *machine_run(struct target *target, const struct target_program *program,
			  struct target_outcome *ret)
{
	struct machine *m = (struct machine *)target;
	struct following f = { .m = m, .program = program, .outcome = ret };
	uint64_t deadline = program->timeout_ns ? clock_now() + program->timeout_ns : 0;
	struct error *error;

	if (program->terminal)
		return error_new(ERROR_USAGE, "no terminal on %s: use ssh", m->who);
	error = start_program(m, program);
	if (!error)
		error = connect_stream(m);
	while (!error && !over(&f, deadline)) {
		if (m->stream.pid)
			error = listen_to(&f);
		else
			look_again(&f);
		if (!error && program->tick)
			error = program->tick(program->context);
		speak(&f);
	}
	disconnect(m);
	if (!error && ret->end == TARGET_EXITED)
		m->running = false;
	m->signal_waiting = 0;
	return error;
}
