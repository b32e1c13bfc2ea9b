/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the readers of the two formats and the tree they make. */
#pragma once

#include "readers/plist.h"

enum {
	PLIST_DEPTH = 128,
	PLIST_NODES = 1 << 20, /* more is no property list of a driver */
};

/* A new node at the end of @parent's members (NULL: a root). */
struct error *property_node(struct property *parent, const char *key,
			    enum property_type type, unsigned int line,
			    struct property **ret);
void property_node_destroy(struct property *node);

/* Notes a problem; @at may be NULL. */
struct error *plist_note(struct property_list *document, enum plist_problem_kind kind,
			 const struct property *at, unsigned int line, const char *format,
			 ...) __attribute__((format(printf, 5, 6)));

struct error *plist_check_keys(struct property_list *document,
			       const struct property *node);

struct error *plist_read_xml(struct span bytes, struct property_list *document);
struct error *plist_read_binary(struct span bytes, struct property_list *document);
