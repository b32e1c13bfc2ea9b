/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network interface up and down; with "link" it is made and removed around that, which
 * registers and unregisters it with its driver. By rtnetlink: rtnetlink(7).
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "cycler/kinds/kind.h"

struct netdev_cycle {
	char *name, *link;
	int socket;
	unsigned int sequence;
};

struct request {
	struct nlmsghdr header;
	struct ifinfomsg info;
	char attributes[256];
};

static void netdev_destroy(void *state)
{
	struct netdev_cycle *n = state;

	if (n->socket >= 0)
		close(n->socket);
	free(n->name);
	free(n->link);
	free(n);
}

static struct error *netdev_create(const json_t *options, const char *where, void **ret)
{
	const char *name = json_string_value(json_object_get(options, "interface"));
	const char *link = json_string_value(json_object_get(options, "link"));
	struct netdev_cycle *n;

	if (strlen(name) >= IFNAMSIZ || strpbrk(name, "/ %"))
		return error_new(ERROR_INPUT,
				 "%s/interface: '%s' is no interface's name, as \"eth0\"",
				 where, name);
	if (link && strlen(link) > 32)
		return error_new(ERROR_INPUT, "%s/link: '%s' is no kind of link", where,
				 link);
	n = calloc(1, sizeof(*n));
	if (!n)
		return error_nomem();
	n->socket = -1;
	n->name = strdup(name);
	n->link = link ? strdup(link) : NULL;
	if (!n->name || (link && !n->link)) {
		netdev_destroy(n);
		return error_nomem();
	}
	*ret = n;
	return NULL;
}

static struct error *netdev_prepare(void *state)
{
	struct netdev_cycle *n = state;

	n->socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return n->socket >= 0 ? NULL : error_errno(errno, "cannot talk to rtnetlink");
}

static struct rtattr *add(struct request *r, unsigned short type, const void *data,
			  size_t size)
{
	struct rtattr *a = (void *)((char *)r + NLMSG_ALIGN(r->header.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(a), data, size);
	r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

/* Sends @r and waits for what the kernel makes of it. */
static int talk(struct netdev_cycle *n, struct request *r)
{
	char answer[4096];
	const struct nlmsghdr *header = (void *)answer;
	const struct nlmsgerr *end;
	ssize_t size;

	r->header.nlmsg_seq = ++n->sequence;
	if (send(n->socket, r, r->header.nlmsg_len, 0) < 0)
		return -errno;
	do {
		size = recv(n->socket, answer, sizeof(answer), 0);
		if (size < 0 && errno != EINTR)
			return -errno;
	} while (size < (ssize_t)NLMSG_LENGTH(sizeof(*end)) ||
		 header->nlmsg_type != NLMSG_ERROR || header->nlmsg_seq != n->sequence);
	end = NLMSG_DATA(header);
	return end->error;
}

static struct request request(const struct netdev_cycle *n, unsigned short type,
			      unsigned short flags)
{
	struct request r = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof(r.info)),
			    .nlmsg_type = type,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags },
	};

	add(&r, IFLA_IFNAME, n->name, strlen(n->name) + 1);
	return r;
}

static int set_up(struct netdev_cycle *n, bool up)
{
	struct request r = request(n, RTM_NEWLINK, 0);

	r.info.ifi_flags = up ? IFF_UP : 0;
	r.info.ifi_change = IFF_UP;
	return talk(n, &r);
}

static int add_link(struct netdev_cycle *n)
{
	struct request r = request(n, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct rtattr *info = add(&r, IFLA_LINKINFO, NULL, 0);

	add(&r, IFLA_INFO_KIND, n->link, strlen(n->link));
	info->rta_len = (unsigned short)((char *)&r + r.header.nlmsg_len - (char *)info);
	return talk(n, &r);
}

static int remove_link(struct netdev_cycle *n)
{
	struct request r = request(n, RTM_DELLINK, 0);

	return talk(n, &r);
}

static size_t netdev_half(const void *state)
{
	return ((const struct netdev_cycle *)state)->link ? 2 : 1;
}

/* With a link: add, up, down, remove; else up, down. */
static size_t position(const struct netdev_cycle *n, size_t step)
{
	return n->link ? step : step + 1;
}

static const char *netdev_step_name(const void *state, size_t step)
{
	static const char *const names[] = { "add", "up", "down", "remove" };

	return names[position(state, step)];
}

static int netdev_step(void *state, size_t step)
{
	struct netdev_cycle *n = state;

	switch (position(n, step)) {
	case 0:
		return add_link(n);
	case 1:
		return set_up(n, true);
	case 2:
		return set_up(n, false);
	default:
		return remove_link(n);
	}
}

static const char *netdev_subject(const void *state)
{
	return ((const struct netdev_cycle *)state)->name;
}

static const struct plan_key keys[] = {
	{ "interface", PLAN_STRING, true, "name of the interface, as \"eth0\"" },
	{ "link", PLAN_STRING, false,
	  "kind of link to make and remove around it, as \"dummy\"" },
	{ NULL },
};

static const struct cycle_kind netdev_kind = {
	.name = "netdev",
	.summary = "a network interface up and down",
	.keys = keys,
	.create = netdev_create,
	.destroy = netdev_destroy,
	.prepare = netdev_prepare,
	.opening = netdev_half,
	.closing = netdev_half,
	.step_name = netdev_step_name,
	.step = netdev_step,
	.subject = netdev_subject,
};
REGISTER(cycle_kind, netdev_kind);
