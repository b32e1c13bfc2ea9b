/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Property lists, XML (through libxml2, with lines) and binary (through libplist), as one
 * tree. Foreign bytes: nothing is fetched, entities are never expanded, depth and size of
 * the tree are bounded.
 *
 * Formats: the PropertyList 1.0 DTD; "bplist00" as CoreFoundation's CFBinaryPList.c
 * describes it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/span.h"

struct error;
struct strbuf;

enum property_type {
	PROPERTY_DICT,
	PROPERTY_ARRAY,
	PROPERTY_STRING,
	PROPERTY_INTEGER,
	PROPERTY_REAL,
	PROPERTY_BOOLEAN,
	PROPERTY_DATE,
	PROPERTY_DATA,
	PROPERTY_UID, /* binary only */
};

struct property {
	enum property_type type;
	char *key;	   /* within a dictionary, else NULL */
	unsigned int line; /* of the key or value; 0 in binary lists */
	struct property *parent, *next;
	struct property *first, *last; /* members, in the order of the file */
	size_t count;		       /* of members */
	char *string;		       /* PROPERTY_STRING, and PROPERTY_DATE's text */
	int64_t integer; /* PROPERTY_INTEGER, PROPERTY_BOOLEAN, PROPERTY_UID */
	double real;
	size_t size; /* bytes of PROPERTY_DATA or of the string */
};

enum plist_problem_kind {
	PLIST_DUPLICATE_KEY, /* which value wins depends on the reader */
	PLIST_MALFORMED,     /* what Apple's readers refuse or misread */
};

struct plist_problem {
	enum plist_problem_kind kind;
	unsigned int line;
	char *path; /* key path */
	char *text;
};

struct property_list {
	struct property *root;
	bool binary;
	struct plist_problem *problems;
	size_t problem_count, problem_capacity;
};

/*
 * Parses; a syntax error names the line and the reason. What is well-formed XML but no
 * property list is noted in `problems`, and left out of the tree.
 */
struct error *property_list_create(struct span bytes, struct property_list **ret);
void property_list_destroy(struct property_list *document);
CLEANUP_DEFINE(struct property_list, property_list_destroy)

/* The member named @key; NULL when @dict is NULL, no dictionary, or has none. */
const struct property *property_get(const struct property *dict, const char *key);

/* property_get(), when it is of that type. */
const struct property *property_get_type(const struct property *dict, const char *key,
					 enum property_type type);

/* The string at @key, or NULL. */
const char *property_get_string(const struct property *dict, const char *key);

/* "string", "array" … */
const char *property_type_name(enum property_type type);

/* The key path from the root: "IOKitPersonalities:Card:IOClass", indices as "[2]". */
void property_add_path(const struct property *property, struct strbuf *out);

#define property_for_each(dict, it) \
	for (const struct property *it = (dict) ? (dict)->first : NULL; it; it = it->next)
