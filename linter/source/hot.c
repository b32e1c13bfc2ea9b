/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Roots are the functions that a taker is handed, directly, out of a field that the
 * driver stored them in, or through a function of the driver that hands its parameter on.
 * From there: calls by name, through fields and tables that hold functions of the driver,
 * and functions that are handed to somebody who calls them back at once.
 */
#include "linter/source/hot.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"

/* What takes a handler, as written in the source (macro or function). */
static const char *const takers[] = { "request_irq",
				      "request_threaded_irq",
				      "request_any_context_irq",
				      "request_percpu_irq",
				      "devm_request_irq",
				      "devm_request_threaded_irq",
				      "devm_request_any_context_irq",
				      "pci_request_irq",
				      "timer_setup",
				      "timer_setup_on_stack",
				      "__timer_init",
				      "setup_timer",
				      "DEFINE_TIMER",
				      "hrtimer_setup",
				      "netif_napi_add",
				      "netif_napi_add_tx",
				      "netif_napi_add_weight",
				      "netif_napi_add_tx_weight",
				      "netif_tx_napi_add",
				      "tasklet_init",
				      "tasklet_setup",
				      "DECLARE_TASKLET",
				      "DECLARE_TASKLET_OLD",
				      "INIT_WORK",
				      "INIT_WORK_ONSTACK",
				      "INIT_DELAYED_WORK",
				      "INIT_DEFERRABLE_WORK",
				      "DECLARE_WORK",
				      "DECLARE_DELAYED_WORK",
				      "irq_work_queue",
				      "init_irq_work",
				      "usb_fill_int_urb",
				      "usb_fill_bulk_urb",
				      "usb_fill_control_urb",
				      "netdev_rx_handler_register",
				      NULL };

/* What is called for every packet or request without having been handed to a function. */
static const struct {
	const char *record, *field;
} hot_fields[] = {
	{ "net_device_ops", "ndo_start_xmit" },
	{ "blk_mq_ops", "queue_rq" },
	{ "nf_hook_ops", "hook" },
	{ "xt_target", "target" },
	{ "xt_match", "match" },
	{ "packet_type", "func" },
	{ "hrtimer", "function" },
	{ "timer_list", "function" },
	{ "work_struct", "func" },
};

enum { PARAMETERS_MAXIMUM = 256 };

/* A function of the driver that lies in a field, a table or a local variable. */
struct store {
	const char *record;	  /* NULL: a variable */
	const char *name;	  /* of the field or variable */
	const struct node *scope; /* function of the variable; NULL: all of the unit */
	const struct unit *unit;
	struct hot_function *function;
};

/* A parameter of a driver's function that is handed to a taker. */
struct parameter {
	const struct hot_function *function;
	unsigned int index;
	const char *how;
};

struct finder {
	const struct source_model *model;
	struct hot_paths *paths;
	struct hot_function **by_name; /* sorted, static ones too */
	struct store *stores;
	size_t store_count, store_capacity;
	struct parameter parameters[PARAMETERS_MAXIMUM];
	size_t parameter_count;
	bool changed;
};

void hot_paths_deinit(struct hot_paths *paths)
{
	free(paths->items);
	*paths = (struct hot_paths){ 0 };
}

static struct error *gather(const struct source_model *model, struct hot_paths *ret)
{
	model_for_each_unit(model, unit)
	{
		if (!unit->primary)
			continue;
		unit_for_each(unit, node)
		{
			if (node->kind != NODE_FUNCTION ||
			    !(node->flags & NODE_DEFINITION) || !node->name)
				continue;
			if (!array_grow(ret->items, ret->count, ret->capacity))
				return error_nomem();
			ret->items[ret->count++] =
				(struct hot_function){ .unit = unit, .function = node };
		}
	}
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	const struct hot_function *const *x = a, *const *y = b;
	int order = strcmp((*x)->function->name, (*y)->function->name);

	return order ? order : (*x > *y) - (*x < *y);
}

/* Index of the first function that is not before @name. */
static size_t first_of(const struct finder *f, const char *name)
{
	size_t low = 0, high = f->paths->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(f->by_name[middle]->function->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The definition that @name means in @unit. */
static struct hot_function *resolve(const struct finder *f, const struct unit *unit,
				    const char *name)
{
	struct hot_function *found = NULL;

	for (size_t i = first_of(f, name); i < f->paths->count; i++) {
		struct hot_function *it = f->by_name[i];

		if (strcmp(it->function->name, name))
			break;
		if (it->unit == unit)
			return it;
		if (!found && !(it->function->flags & NODE_STATIC))
			found = it;
	}
	return found;
}

static struct hot_function *referred(const struct finder *f, const struct unit *unit,
				     const struct node *node)
{
	return node && node->kind == NODE_REFERENCE && node->name &&
			       node->flags & NODE_FUNCTION_REF
		       ? resolve(f, unit, node->name)
		       : NULL;
}

static struct error *add_store(struct finder *f, struct store store)
{
	if (!store.function || !store.name)
		return NULL;
	if (!array_grow(f->stores, f->store_count, f->store_capacity))
		return error_nomem();
	f->stores[f->store_count++] = store;
	return NULL;
}

/* The variable whose initialiser @node stands in, with nothing named between. */
static const struct node *variable_above(const struct unit *unit, const struct node *node)
{
	const struct node *up = node_parent(unit, node);

	while (up && (up->kind == NODE_OTHER || up->kind == NODE_CAST ||
		      up->kind == NODE_LIST || up->kind == NODE_UNARY))
		up = node_parent(unit, up);
	return up && up->kind == NODE_VARIABLE ? up : NULL;
}

/* ".field = f", "x->field = f", "variable = f", "{ f, g }" */
static struct error *look_store(struct finder *f, const struct unit *unit,
				const struct node *reference)
{
	struct store store = { .unit = unit, .function = referred(f, unit, reference) };
	const struct node *up = node_parent(unit, reference), *left;

	if (!store.function)
		return NULL;
	while (up && (up->kind == NODE_OTHER || up->kind == NODE_CAST ||
		      up->kind == NODE_UNARY))
		up = node_parent(unit, up);
	if (up && up->kind == NODE_INIT) {
		const struct node *list = node_above(unit, up, NODE_LIST);

		store.name = up->name;
		store.record = list ? list->type : NULL;
		return store.record ? add_store(f, store) : NULL;
	}
	if (up && up->kind == NODE_BINARY && up->name && !strcmp(up->name, "=")) {
		left = node_bare(unit, node_child(unit, up));
		if (!left || left == reference)
			return NULL;
		store.name = left->name;
		if (left->kind == NODE_MEMBER)
			store.record = left->owner;
		else if (left->flags & NODE_LOCAL)
			store.scope = node_function(unit, reference);
		return add_store(f, store);
	}
	left = variable_above(unit, reference);
	if (!left)
		return NULL;
	store.name = left->name;
	store.scope = left->flags & NODE_LOCAL ? node_function(unit, reference) : NULL;
	return add_store(f, store);
}

static struct error *find_stores(struct finder *f)
{
	struct error *error = NULL;

	model_for_each_unit(f->model, unit)
	{
		unit_for_each(unit, node)
		{
			if (!error && unit->primary && node->kind == NODE_REFERENCE)
				error = look_store(f, unit, node);
		}
	}
	return error;
}

static void make_hot(struct finder *f, struct hot_function *function, const char *root,
		     const char *how)
{
	if (!function || function->root)
		return;
	function->root = root ? root : function->function->name;
	function->how = how;
	f->changed = true;
}

/* All functions that may lie where @place (a->field, variable, table[i]) says. */
static void make_stored_hot(struct finder *f, const struct unit *unit,
			    const struct node *place, const char *root, const char *how)
{
	const struct node *scope;

	if (place && place->kind == NODE_INDEX)
		place = node_bare(unit, node_child(unit, place));
	if (!place || !place->name ||
	    (place->kind != NODE_MEMBER && place->kind != NODE_REFERENCE) ||
	    place->flags & NODE_FUNCTION_REF)
		return;
	scope = node_function(unit, place);
	for (size_t i = 0; i < f->store_count; i++) {
		const struct store *s = &f->stores[i];

		if (strcmp(s->name, place->name))
			continue;
		if (place->kind == NODE_MEMBER ? s->record && place->owner &&
							 !strcmp(s->record, place->owner)
					       : !s->record && s->unit == unit &&
							 (!s->scope || s->scope == scope))
			make_hot(f, s->function, root, how);
	}
}

/* Index of the parameter of @function that @reference means, or -1. */
static int parameter_index(const struct unit *unit, const struct node *function,
			   const struct node *reference)
{
	int n = 0;

	if (!(reference->flags & NODE_PARAMETER_REF) || !reference->name)
		return -1;
	node_for_each_child(unit, function, it)
	{
		if (it->kind != NODE_PARAMETER)
			continue;
		if (it->name && !strcmp(it->name, reference->name))
			return n;
		n++;
	}
	return -1;
}

static void add_parameter(struct finder *f, const struct unit *unit,
			  const struct node *reference, const char *how)
{
	const struct node *function = node_function(unit, reference);
	struct hot_function *own =
		function && function->name ? resolve(f, unit, function->name) : NULL;
	int index = own ? parameter_index(unit, function, reference) : -1;

	/* only functions are called: a void * is no handler */
	if (index < 0 || f->parameter_count == PARAMETERS_MAXIMUM || !reference->type ||
	    reference->type_kind != TYPE_FUNCTION_POINTER)
		return;
	for (size_t i = 0; i < f->parameter_count; i++)
		if (f->parameters[i].function == own &&
		    f->parameters[i].index == (unsigned int)index)
			return;
	f->parameters[f->parameter_count++] =
		(struct parameter){ own, (unsigned int)index, how };
	f->changed = true;
}

/* The name of the taker that @node is an argument of, or NULL. */
static const char *taken_by(const struct unit *unit, const struct node *node)
{
	const struct node *call = node_above(unit, node, NODE_CALL);

	if (name_in(node->macro, takers))
		return node->macro;
	return call && name_in(call->name, takers) &&
			       node_bare(unit, node_child(unit, call)) != node
		       ? call->name
		       : NULL;
}

static void look_taken(struct finder *f, const struct unit *unit, const struct node *node)
{
	const char *how;

	if ((node->kind != NODE_REFERENCE && node->kind != NODE_MEMBER) || !node->name)
		return;
	how = taken_by(unit, node);
	if (!how)
		return;
	if (node->flags & NODE_FUNCTION_REF)
		make_hot(f, referred(f, unit, node), NULL, how);
	else if (node->type_kind == TYPE_FUNCTION_POINTER)
		make_stored_hot(f, unit, node, NULL, how);
	add_parameter(f, unit, node, how);
}

/* A call of a function of the driver that hands a parameter on to a taker. */
static void look_handed_on(struct finder *f, const struct unit *unit,
			   const struct node *call)
{
	const struct hot_function *callee = NULL;

	if (call->kind != NODE_CALL || !call->name || !f->parameter_count)
		return;
	callee = resolve(f, unit, call->name);
	for (size_t i = 0; callee && i < f->parameter_count; i++) {
		const struct parameter *p = &f->parameters[i];
		const struct node *argument;

		if (p->function != callee)
			continue;
		argument = node_bare(unit, call_argument(unit, call, p->index));
		if (!argument)
			continue;
		make_hot(f, referred(f, unit, argument), NULL, p->how);
		make_stored_hot(f, unit, argument, NULL, p->how);
		add_parameter(f, unit, argument, p->how);
	}
}

static void find_roots(struct finder *f)
{
	for (size_t i = 0; i < f->store_count; i++)
		for (size_t k = 0; k < ARRAY_LENGTH(hot_fields); k++)
			if (f->stores[i].record &&
			    !strcmp(f->stores[i].record, hot_fields[k].record) &&
			    !strcmp(f->stores[i].name, hot_fields[k].field))
				make_hot(f, f->stores[i].function, NULL,
					 hot_fields[k].field);
	do {
		f->changed = false;
		model_for_each_unit(f->model, unit)
		{
			unit_for_each(unit, node)
			{
				if (!unit->primary)
					break;
				look_taken(f, unit, node);
				look_handed_on(f, unit, node);
			}
		}
	} while (f->changed);
}

/* What is handed to somebody who calls it back: a function of the driver, an iterator. */
static void spread_arguments(struct finder *f, const struct hot_function *from,
			     const struct node *call)
{
	const struct unit *unit = from->unit;

	if (!call->name ||
	    (!strstr(call->name, "for_each") && !resolve(f, unit, call->name)))
		return;
	for (unsigned int i = 0; i < 16; i++) {
		const struct node *argument = call_argument(unit, call, i);

		if (!argument)
			return;
		make_hot(f, referred(f, unit, node_bare(unit, argument)), from->root,
			 from->how);
	}
}

static void spread_from(struct finder *f, const struct hot_function *from)
{
	node_for_each_below(from->unit, from->function, node)
	{
		const struct node *callee;

		if (node->kind != NODE_CALL)
			continue;
		callee = node_bare(from->unit, node_child(from->unit, node));
		if (callee && callee->kind != NODE_REFERENCE)
			make_stored_hot(f, from->unit, callee, from->root, from->how);
		else if (callee && !(callee->flags & NODE_FUNCTION_REF))
			make_stored_hot(f, from->unit, callee, from->root, from->how);
		else if (node->name)
			make_hot(f, resolve(f, from->unit, node->name), from->root,
				 from->how);
		spread_arguments(f, from, node);
	}
}

static void spread(struct finder *f)
{
	bool *done = calloc(f->paths->count + 1, sizeof(*done));

	do {
		f->changed = false;
		for (size_t i = 0; done && i < f->paths->count; i++) {
			if (!f->paths->items[i].root || done[i])
				continue;
			done[i] = true;
			spread_from(f, &f->paths->items[i]);
		}
	} while (f->changed);
	free(done);
}

struct error *hot_paths_find(const struct source_model *model, struct hot_paths *ret)
{
	struct finder f = { .model = model, .paths = ret };
	struct error *error = gather(model, ret);

	if (error)
		return error;
	f.by_name = calloc(ret->count + 1, sizeof(*f.by_name));
	if (!f.by_name)
		return error_nomem();
	for (size_t i = 0; i < ret->count; i++)
		f.by_name[i] = &ret->items[i];
	qsort(f.by_name, ret->count, sizeof(*f.by_name), compare_names);
	error = find_stores(&f);
	if (!error) {
		find_roots(&f);
		spread(&f);
	}
	free(f.by_name);
	free(f.stores);
	return error;
}

const struct hot_function *hot_paths_look(const struct hot_paths *paths,
					  const struct node *function)
{
	for (size_t i = 0; i < paths->count; i++)
		if (paths->items[i].function == function)
			return paths->items[i].root ? &paths->items[i] : NULL;
	return NULL;
}
