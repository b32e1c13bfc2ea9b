/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the source rules look at: the files of a driver as text, and its units as trees.
 * A tree holds what stands in the driver's own files, nothing of the headers; it is a
 * copy, so that rules neither link libclang nor wait for it, and can look across units.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "linter/source/command.h"
#include "linter/source/lex.h"

struct arena;
struct error;
struct imports;
struct member;

enum node_kind {
	NODE_OTHER,
	NODE_FUNCTION, /* free function or method; children: parameters, body */
	NODE_PARAMETER,
	NODE_VARIABLE,
	NODE_RECORD, /* struct, union or class */
	NODE_FIELD,
	NODE_BASE,	/* base class; name is its name */
	NODE_CALL,	/* name: what is called; children: callee, arguments */
	NODE_REFERENCE, /* to a variable, function, enumerator */
	NODE_MEMBER,	/* a->name; child: a */
	NODE_STRING,	/* name: the literal as written, quotes included */
	NODE_INTEGER,	/* value */
	NODE_CAST,	/* explicit; type is the target */
	NODE_IF,
	NODE_LOOP,
	NODE_SWITCH,
	NODE_RETURN,
	NODE_GOTO,  /* name: the label */
	NODE_LABEL, /* name */
	NODE_BLOCK,
	NODE_BINARY, /* name: the operator, NULL when a macro hides it */
	NODE_UNARY,
	NODE_LIST, /* { … } initialiser; children: fields or values */
	NODE_INIT, /* .name = child */
	NODE_ASM,
	NODE_INDEX, /* a[b]; children: a, b */
};

enum type_kind {
	TYPE_OTHER,
	TYPE_INTEGER,
	TYPE_POINTER,
	TYPE_FUNCTION_POINTER,
	TYPE_RECORD,
	TYPE_ARRAY,
	TYPE_FLOAT,
};

enum node_flags {
	NODE_DEFINITION = 1 << 0,
	NODE_STATIC = 1 << 1,	    /* storage class */
	NODE_FUNCTION_REF = 1 << 2, /* a reference to a function */
	NODE_LOCAL = 1 << 3,	    /* a variable of a function */
	NODE_PARAMETER_REF = 1 << 4,
	NODE_UNION = 1 << 5,
	NODE_OSOBJECT = 1 << 7, /* a class below OSObject */
	NODE_CONSTANT = 1 << 6, /* value is known */
};

/* NULL and 0 where there is nothing to say. Indices are of the unit's nodes; 0: none. */
struct node {
	enum node_kind kind;
	enum type_kind type_kind;
	unsigned int flags;
	const char *name;
	const char *macro; /* outermost macro, as written in the file, that this is of */
	const char *type;  /* canonical spelling, qualifiers off */
	const char *written_type; /* as declared, for what a typedef says */
	const char *owner;	  /* class of a method; record of a field or member */
	uint64_t type_size;	  /* bytes */
	uint64_t size32;	  /* records: size where pointers have 4 bytes */
	int64_t value;
	uint32_t file; /* index into source_model.files */
	uint32_t line, column, offset, end;
	uint32_t parent, child, next; /* tree */
};

enum unit_status { UNIT_PARSED, UNIT_FAILED };

/* An error that the compiler found in one of the driver's own files. */
struct diagnostic {
	const char *text;
	uint32_t file, line, column;
};

struct unit {
	const char *file; /* path on disk */
	const char *path; /* as findings name it */
	enum unit_status status;
	const char *reason;	      /* why it did not parse */
	const char *target;	      /* of this parse; NULL: its own build */
	const char *directory;	      /* where it is compiled; NULL: anywhere */
	const char *const *arguments; /* of the compiler, NULL at the end */
	bool primary;		      /* rules look at this one; others are for SRC014 */
	bool cplusplus;
	bool defines_debug; /* -DDEBUG and the like on the command line */
	struct node *nodes; /* nodes[0] is the unit */
	size_t count, capacity;
	struct diagnostic *diagnostics;
	size_t diagnostic_count, diagnostic_capacity;
	struct arena *arena;
};

struct source_file {
	const char *path; /* as findings name it */
	const char *disk;
	struct span text;
	struct lexed lexed;
	bool kernel;	/* of a unit, or includes kernel headers */
	bool cplusplus; /* of a C++ unit */
	bool build;	/* Makefile, Kbuild, project: text only, no tokens */
	bool modules;	/* a makefile that names modules */
	int64_t mtime;
	const struct member *member;
};

struct source_model {
	const struct container *container;
	const char *root; /* folder on disk */
	bool unpacked;	  /* it is a copy of what lies in a package */
	bool apple;	  /* there is I/O Kit code */
	struct source_file *files;
	size_t file_count, file_capacity;
	struct unit *units;
	size_t unit_count, unit_capacity;
	struct imports *imports; /* import.h; filled when first asked for */
	struct arena *arena;
};

static inline const struct node *node_parent(const struct unit *u, const struct node *n)
{
	return n == u->nodes ? NULL : &u->nodes[n->parent];
}

static inline const struct node *node_child(const struct unit *u, const struct node *n)
{
	return n->child ? &u->nodes[n->child] : NULL;
}

static inline const struct node *node_next(const struct unit *u, const struct node *n)
{
	return n->next ? &u->nodes[n->next] : NULL;
}

#define node_for_each_child(u, top, it) \
	for (const struct node *it = node_child(u, top); it; it = node_next(u, it))

/*
 * The nodes below @node are those up to (not with) the one that this returns: a tree
 * lies in memory in the order of the text.
 */
const struct node *node_subtree_end(const struct unit *unit, const struct node *node);

#define node_for_each_below(u, top, it)                                               \
	for (const struct node *it = (top) + 1, *end_##it = node_subtree_end(u, top); \
	     it < end_##it; it++)

/* Every node of a parsed unit; nothing of one that failed. */
#define unit_for_each(u, it)                     \
	for (const struct node *it = (u)->nodes; \
	     (u)->status == UNIT_PARSED && it < (u)->nodes + (u)->count; it++)

#define model_for_each_unit(model, it)               \
	for (const struct unit *it = (model)->units; \
	     it < (model)->units + (model)->unit_count; it++)

#define model_for_each_file(model, it)                      \
	for (const struct source_file *it = (model)->files; \
	     it < (model)->files + (model)->file_count; it++)

/* The function that @node stands in, or NULL. */
const struct node *node_function(const struct unit *unit, const struct node *node);

/* The nearest node above of @kind, or NULL. */
const struct node *node_above(const struct unit *unit, const struct node *node,
			      enum node_kind kind);

/* The argument of a call, from 0, or NULL. */
const struct node *call_argument(const struct unit *unit, const struct node *call,
				 unsigned int index);

/* What @node says once casts, parentheses and & are taken off. */
const struct node *node_bare(const struct unit *unit, const struct node *node);

/* First node below (or itself) of @kind, or NULL. */
const struct node *node_find(const struct unit *unit, const struct node *node,
			     enum node_kind kind);

/* Whether the text around @node is switched on by a debug macro, or named by one. */
bool node_in_debug(const struct source_model *model, const struct unit *unit,
		   const struct node *node);

/*
 * Whether a compiler's error has a rule of its own, so that the unit still counts as
 * read: a member function cast to a C pointer, a structure that is opaque.
 */
bool diagnostic_has_rule(const char *text);

/* Whether @name is one of the words of @list, NULL at its end. */
bool name_in(const char *name, const char *const *list);
