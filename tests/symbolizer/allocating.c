/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Never run: its calls of allocate() are looked at, see check_assigned.c. */
#include <stddef.h>

struct small {
	char bytes[40];
};

struct medium {
	long count;
	char bytes[88];
};

struct flexible {
	long count;
	char tail[];
};

struct holder {
	char head[24];
	struct medium *medium;
	void *raw;
	struct {
		int number;
		struct small *inner;
	} nested;
};

void *allocate(size_t size);
void use(void *object);

struct small *to_variable(void);
int to_member(struct holder *holder);
int to_nested_member(struct holder *holder);
int to_raw_member(struct holder *holder);
void *to_array(void);
void *to_tail(void);
void *to_flexible(void);
void *to_other_size(void);

struct small *to_variable(void)
{
	struct small *small = allocate(sizeof(*small));

	if (small)
		use(small);
	return small;
}

int to_member(struct holder *holder)
{
	holder->medium = allocate(sizeof(*holder->medium));
	return holder->medium ? 0 : -1;
}

int to_nested_member(struct holder *holder)
{
	holder->nested.inner = allocate(sizeof(struct small));
	return holder->nested.inner ? 0 : -1;
}

int to_raw_member(struct holder *holder)
{
	struct small unused;

	holder->raw = allocate(sizeof(unused));
	return holder->raw ? 0 : -1;
}

void *to_array(void)
{
	struct small *table = allocate(5 * sizeof(*table));

	use(table);
	return table;
}

void *to_tail(void)
{
	struct medium *message = allocate(sizeof(*message) + 17);

	use(message);
	return message;
}

void *to_flexible(void)
{
	struct flexible *text = allocate(sizeof(*text) + 16);

	use(text);
	return text;
}

void *to_other_size(void)
{
	struct medium *part = allocate(17);

	use(part);
	return part;
}
