/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another machine, over ssh: "ssh:[USER@]HOST[:PORT]". The user's own ssh and its
 * configuration are used, without questions; BOOKEND_SSH names another program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "target/machine.h"

/* Each word is owned by the machine; the place for the shell line stays free. */
static struct error *add_word(struct machine *m, const char *format, const char *value)
{
	for (size_t i = 0; i + 1 < MACHINE_WORDS; i++) {
		if (m->transport[i])
			continue;
		if (asprintf(&m->transport[i], format, value) >= 0)
			return NULL;
		m->transport[i] = NULL;
		return error_nomem();
	}
	return error_new(ERROR_USAGE, "too many options for ssh");
}

static struct error *add_option(struct machine *m, const char *format, const char *value)
{
	struct error *error = add_word(m, "%s", "-o");

	return error ? error : add_word(m, format, value);
}

/* "host", "user@host:22", "[::1]:22": the port is behind a colon of its own. */
static struct error *add_host(struct machine *m, const char *text)
{
	const char *bracket = strrchr(text, ']'), *colon = strrchr(text, ':');
	bool port =
		colon && (bracket ? colon == bracket + 1 : strchr(text, ':') == colon);
	_free_ char *host = port ? strndup(text, (size_t)(colon - text)) : strdup(text);
	const char *open = host ? strchr(host, '[') : NULL;
	struct error *error = NULL;
	char *end;

	if (!host)
		return error_nomem();
	if (port) {
		unsigned long number = strtoul(colon + 1, &end, 10);

		if (*end || !number || number > 65535)
			return error_new(ERROR_USAGE, "'%s' is no port of target ssh:%s",
					 colon + 1, text);
		error = add_word(m, "%s", "-p");
		if (!error)
			error = add_word(m, "%s", colon + 1);
	}
	if (open && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = 0;
		memmove((char *)open, open + 1, strlen(open));
	}
	if (!*host || *host == '-')
		return error_new(ERROR_USAGE, "target ssh:%s names no host", text);
	if (!error)
		error = add_word(m, "%s", "--");
	return error ? error : add_word(m, "%s", host);
}

static struct error *add_words(struct machine *m, const char *host)
{
	static const char *const fixed[] = {
		"BatchMode=yes",	 "ConnectTimeout=10",
		"ServerAliveInterval=5", "ServerAliveCountMax=3",
		"ControlMaster=auto",	 "ControlPersist=60",
		"EscapeChar=none",	 "ClearAllForwardings=yes",
	};
	const char *program = getenv("BOOKEND_SSH");
	struct error *error = add_word(m, "%s", program ? program : "ssh");

	/* the user's own come first: ssh takes the first of two values */
	for (const char *const *o = m->options.ssh_options; !error && o && *o; o++)
		error = add_option(m, "%s", *o);
	for (size_t i = 0; !error && i < sizeof(fixed) / sizeof(*fixed); i++)
		error = add_option(m, "%s", fixed[i]);
	if (!error)
		error = add_option(m, "ControlPath=%s/%%C", m->scratch);
	if (!error)
		error = add_word(m, "%s", "-T");
	return error ? error : add_host(m, host);
}

static struct error *ssh_create(const struct target_options *options, struct target **ret)
{
	/* sockets have short names: not in the run folder */
	char scratch[] = "/tmp/bookend-ssh-XXXXXX";
	struct machine *m = calloc(1, sizeof(*m));
	struct error *error;

	if (!m)
		return error_nomem();
	m->target.kind = "ssh";
	m->target.operations = &machine_operations;
	m->console_fd = -1;
	m->options = *options;
	m->lossy = true;
	m->who = strdup(options->host);
	m->scratch = mkdtemp(scratch) ? strdup(scratch) : NULL;
	error = m->who && m->scratch ? add_words(m, options->host) : error_nomem();
	if (!error)
		error = machine_connect(m);
	if (error) {
		machine_destroy(&m->target);
		return error;
	}
	*ret = &m->target;
	return NULL;
}

static const struct target_kind ssh_kind = {
	.name = "ssh:",
	.summary = "another machine, as root over ssh",
	.create = ssh_create,
};
REGISTER(target_kind, ssh_kind);
