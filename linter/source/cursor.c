/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/source/cursor.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "linter/arena.h"
#include "linter/source/layout.h"
#include "linter/source/parse.h"

#define MACRO_BIT 0x80000000U

enum { DEEPEST = 400 };

/* One file of the unit, asked for again and again. */
struct known_file {
	CXFile file;
	uint32_t index; /* in the model, UINT32_MAX: not the driver's */
	const char *text;
	size_t size;
};

struct copier {
	CXTranslationUnit tu;
	struct source_model *model;
	pthread_mutex_t *lock;
	struct unit *unit;
	struct known_file *files;
	size_t file_count, file_capacity;
	size_t last; /* index of the file found last */
	struct error *error;
};

/* Where a node hangs. */
struct position {
	struct copier *copier;
	uint32_t parent, previous; /* indices; previous 0: first child */
	unsigned int depth;
};

struct place {
	const struct known_file *file;
	unsigned int line, column, offset;
	bool macro;
};

static const char *keep(struct copier *c, CXString string)
{
	const char *text = clang_getCString(string), *copy = NULL;

	if (text && *text) {
		copy = arena_intern(c->unit->arena, text);
		if (!copy && !c->error)
			c->error = error_nomem();
	}
	clang_disposeString(string);
	return copy;
}

static const struct known_file *find_file(struct copier *c, CXFile file)
{
	struct known_file *known;
	CXString name;
	const char *path;

	if (!file)
		return NULL;
	if (c->last < c->file_count && c->files[c->last].file == file)
		return &c->files[c->last];
	for (size_t i = 0; i < c->file_count; i++)
		if (c->files[i].file == file) {
			c->last = i;
			return &c->files[i];
		}
	if (!array_grow(c->files, c->file_count, c->file_capacity)) {
		c->error = c->error ? c->error : error_nomem();
		return NULL;
	}
	known = &c->files[c->file_count];
	*known = (struct known_file){ .file = file, .index = UINT32_MAX };
	name = clang_getFileName(file);
	path = clang_getCString(name);
	if (path && *path == '/') {
		struct error *error;

		pthread_mutex_lock(c->lock);
		error = model_file(c->model, path, NULL, &known->index);
		pthread_mutex_unlock(c->lock);
		if (error && !c->error)
			c->error = error;
		else
			error_destroy(error);
	}
	clang_disposeString(name);
	if (known->index != UINT32_MAX)
		known->text = clang_getFileContents(c->tu, file, &known->size);
	c->last = c->file_count++;
	return known;
}

static struct place place_of(struct copier *c, CXSourceLocation location)
{
	struct place place = { 0 };
	CXFile file = NULL;

	clang_getExpansionLocation(location, &file, &place.line, &place.column,
				   &place.offset);
	place.file = find_file(c, file);
	/*
	 * clang_getSpellingLocation() answers with the expansion for what stands in a
	 * macro's body (LLVM 14), so the bit that clang marks such locations with has to
	 * tell (SourceLocation::MacroIDBit).
	 */
	place.macro = location.int_data & MACRO_BIT;
	return place;
}

/* The identifier that stands at @offset of the file. */
static const char *word_at(struct copier *c, const struct known_file *file,
			   unsigned int offset)
{
	char word[128];
	size_t n = 0;

	while (file->text && offset + n < file->size && n + 1 < sizeof(word) &&
	       (isalnum((unsigned char)file->text[offset + n]) ||
		file->text[offset + n] == '_')) {
		word[n] = file->text[offset + n];
		n++;
	}
	word[n] = 0;
	return n ? arena_intern(c->unit->arena, word) : NULL;
}

static const struct {
	enum CXCursorKind cursor;
	enum node_kind node;
} kinds[] = {
	{ CXCursor_FunctionDecl, NODE_FUNCTION },
	{ CXCursor_CXXMethod, NODE_FUNCTION },
	{ CXCursor_Constructor, NODE_FUNCTION },
	{ CXCursor_Destructor, NODE_FUNCTION },
	{ CXCursor_ParmDecl, NODE_PARAMETER },
	{ CXCursor_VarDecl, NODE_VARIABLE },
	{ CXCursor_StructDecl, NODE_RECORD },
	{ CXCursor_UnionDecl, NODE_RECORD },
	{ CXCursor_ClassDecl, NODE_RECORD },
	{ CXCursor_FieldDecl, NODE_FIELD },
	{ CXCursor_CXXBaseSpecifier, NODE_BASE },
	{ CXCursor_CallExpr, NODE_CALL },
	{ CXCursor_DeclRefExpr, NODE_REFERENCE },
	{ CXCursor_MemberRefExpr, NODE_MEMBER },
	{ CXCursor_StringLiteral, NODE_STRING },
	{ CXCursor_IntegerLiteral, NODE_INTEGER },
	{ CXCursor_CStyleCastExpr, NODE_CAST },
	{ CXCursor_CXXStaticCastExpr, NODE_CAST },
	{ CXCursor_CXXReinterpretCastExpr, NODE_CAST },
	{ CXCursor_CXXFunctionalCastExpr, NODE_CAST },
	{ CXCursor_IfStmt, NODE_IF },
	{ CXCursor_WhileStmt, NODE_LOOP },
	{ CXCursor_ForStmt, NODE_LOOP },
	{ CXCursor_DoStmt, NODE_LOOP },
	{ CXCursor_SwitchStmt, NODE_SWITCH },
	{ CXCursor_ReturnStmt, NODE_RETURN },
	{ CXCursor_GotoStmt, NODE_GOTO },
	{ CXCursor_LabelStmt, NODE_LABEL },
	{ CXCursor_CompoundStmt, NODE_BLOCK },
	{ CXCursor_BinaryOperator, NODE_BINARY },
	{ CXCursor_CompoundAssignOperator, NODE_BINARY },
	{ CXCursor_UnaryOperator, NODE_UNARY },
	{ CXCursor_InitListExpr, NODE_LIST },
	{ CXCursor_GCCAsmStmt, NODE_ASM },
	{ CXCursor_ArraySubscriptExpr, NODE_INDEX },
};

static enum node_kind node_kind(enum CXCursorKind cursor)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (kinds[i].cursor == cursor)
			return kinds[i].node;
	return NODE_OTHER;
}

static enum type_kind type_kind(CXType type)
{
	CXType to;

	if (type.kind >= CXType_Bool && type.kind <= CXType_Int128)
		return TYPE_INTEGER;
	if (type.kind >= CXType_Float && type.kind <= CXType_LongDouble)
		return TYPE_FLOAT;
	switch (type.kind) {
	case CXType_Enum:
		return TYPE_INTEGER;
	case CXType_Record:
		return TYPE_RECORD;
	case CXType_ConstantArray:
	case CXType_IncompleteArray:
	case CXType_VariableArray:
		return TYPE_ARRAY;
	case CXType_Pointer:
		to = clang_getCanonicalType(clang_getPointeeType(type));
		return to.kind == CXType_FunctionProto ||
				       to.kind == CXType_FunctionNoProto
			       ? TYPE_FUNCTION_POINTER
			       : TYPE_POINTER;
	default:
		return TYPE_OTHER;
	}
}

static const char *type_name(struct copier *c, CXType type)
{
	static const char *const qualifiers[] = { "const ", "volatile ", "struct ",
						  "union ", "class " };
	CXString string = clang_getTypeSpelling(type);
	const char *text = clang_getCString(string), *copy = NULL;

	for (size_t i = 0; text && i < ARRAY_LENGTH(qualifiers); i++)
		if (!strncmp(text, qualifiers[i], strlen(qualifiers[i])))
			text += strlen(qualifiers[i]);
	if (text && *text)
		copy = arena_intern(c->unit->arena, text);
	clang_disposeString(string);
	return copy;
}

static void fill_type(struct copier *c, CXCursor cursor, struct node *node)
{
	CXType written = clang_getCursorType(cursor), type;
	long long size;

	if (written.kind == CXType_Invalid)
		return;
	type = clang_getCanonicalType(written);
	node->type_kind = type_kind(type);
	node->type = type_name(c, type);
	node->written_type = type_name(c, written);
	/* libclang 14 does not survive the size of a builtin function's type */
	if (node->type_kind == TYPE_OTHER)
		return;
	size = clang_Type_getSizeOf(type);
	if (size > 0)
		node->type_size = (uint64_t)size;
}

static void fill_integer(CXCursor cursor, struct node *node)
{
	CXEvalResult result = clang_Cursor_Evaluate(cursor);

	if (!result)
		return;
	if (clang_EvalResult_getKind(result) == CXEval_Int) {
		node->value = clang_EvalResult_getAsLongLong(result);
		node->flags |= NODE_CONSTANT;
	}
	clang_EvalResult_dispose(result);
}

static enum CXChildVisitResult first_child(CXCursor cursor, CXCursor parent,
					   CXClientData data)
{
	(void)parent;
	*(CXCursor *)data = cursor;
	return CXChildVisit_Break;
}

/* What stands between the operands, without blanks: the operator. */
static void fill_operator(struct copier *c, CXCursor cursor, const struct place *place,
			  struct node *node)
{
	CXCursor left = clang_getNullCursor();
	unsigned int from, to = place->offset, n = 0;
	char text[4] = "";

	if (node->macro)
		return;
	/* a binary operator's location is the operator itself; a unary's its start */
	from = to;
	if (clang_getCursorKind(cursor) == CXCursor_BinaryOperator ||
	    clang_getCursorKind(cursor) == CXCursor_CompoundAssignOperator) {
		clang_visitChildren(cursor, first_child, &left);
		clang_getExpansionLocation(clang_getRangeEnd(clang_getCursorExtent(left)),
					   NULL, NULL, NULL, &from);
	}
	while (from < place->file->size && n < 3) {
		char symbol = place->file->text[from++];

		if (strchr("+-*/%<>=!&|^~", symbol) && symbol)
			text[n++] = symbol;
		else if (n || !isspace((unsigned char)symbol))
			break;
	}
	text[n] = 0;
	/* "x = -1" and "a & &b" run two operators together only without a blank */
	if (n == 2 && (text[0] == '=' && text[1] != '='))
		text[1] = 0;
	if (clang_getCursorKind(cursor) == CXCursor_UnaryOperator && text[0] &&
	    strcmp(text, "++") && strcmp(text, "--"))
		text[1] = 0;
	if (*text)
		node->name = arena_intern(c->unit->arena, text);
}

static void fill_reference(struct copier *c, CXCursor cursor, struct node *node)
{
	CXCursor to = clang_getCursorReferenced(cursor);
	enum CXCursorKind kind = clang_getCursorKind(to);

	if (kind == CXCursor_FunctionDecl || kind == CXCursor_CXXMethod)
		node->flags |= NODE_FUNCTION_REF;
	if (kind == CXCursor_ParmDecl)
		node->flags |= NODE_PARAMETER_REF;
	if (kind == CXCursor_VarDecl && clang_getCursorKind(clang_getCursorSemanticParent(
						to)) == CXCursor_FunctionDecl)
		node->flags |= NODE_LOCAL;
	if (kind == CXCursor_EnumConstantDecl) {
		node->value = clang_getEnumConstantDeclValue(to);
		node->flags |= NODE_CONSTANT;
	}
	if (kind == CXCursor_FieldDecl || kind == CXCursor_CXXMethod)
		node->owner = keep(
			c, clang_getCursorSpelling(clang_getCursorSemanticParent(to)));
}

/* Whether a class has OSObject among its ancestors. */
struct ancestry {
	unsigned int depth;
	bool found;
};

static enum CXChildVisitResult look_base(CXCursor cursor, CXCursor parent,
					 CXClientData data)
{
	struct ancestry *ancestry = data;
	CXCursor base;
	CXString name;

	(void)parent;
	if (clang_getCursorKind(cursor) != CXCursor_CXXBaseSpecifier)
		return CXChildVisit_Continue;
	base = clang_getCursorDefinition(clang_getCursorReferenced(cursor));
	if (clang_Cursor_isNull(base) || ancestry->depth++ > 64)
		return CXChildVisit_Continue;
	name = clang_getCursorSpelling(base);
	ancestry->found |= !strcmp(clang_getCString(name), "OSObject");
	clang_disposeString(name);
	if (!ancestry->found)
		clang_visitChildren(base, look_base, ancestry);
	return ancestry->found ? CXChildVisit_Break : CXChildVisit_Continue;
}

static bool below_osobject(CXCursor cursor)
{
	struct ancestry ancestry = { 0 };

	clang_visitChildren(cursor, look_base, &ancestry);
	return ancestry.found;
}

static void fill_declaration(struct copier *c, CXCursor cursor, struct node *node)
{
	CXCursor parent = clang_getCursorSemanticParent(cursor);
	enum CXCursorKind above = clang_getCursorKind(parent);

	if (clang_isCursorDefinition(cursor))
		node->flags |= NODE_DEFINITION;
	if (clang_Cursor_getStorageClass(cursor) == CX_SC_Static)
		node->flags |= NODE_STATIC;
	if (above == CXCursor_ClassDecl || above == CXCursor_StructDecl ||
	    above == CXCursor_UnionDecl)
		node->owner = keep(c, clang_getCursorSpelling(parent));
	if (node->kind == NODE_VARIABLE &&
	    (above == CXCursor_FunctionDecl || above == CXCursor_CXXMethod ||
	     above == CXCursor_Constructor || above == CXCursor_Destructor))
		node->flags |= NODE_LOCAL;
	if (node->kind == NODE_RECORD) {
		node->flags |= clang_getCursorKind(cursor) == CXCursor_UnionDecl
				       ? NODE_UNION
				       : 0;
		if (clang_getCursorKind(cursor) == CXCursor_ClassDecl &&
		    below_osobject(cursor))
			node->flags |= NODE_OSOBJECT;
		if (clang_isCursorDefinition(cursor))
			node->size32 = layout_size32(clang_getCursorType(cursor));
	}
}

static enum CXChildVisitResult find_label(CXCursor cursor, CXCursor parent,
					  CXClientData data)
{
	(void)parent;
	if (clang_getCursorKind(cursor) != CXCursor_LabelRef)
		return CXChildVisit_Continue;
	*(CXCursor *)data = cursor;
	return CXChildVisit_Break;
}

static void fill(struct copier *c, CXCursor cursor, const struct place *place,
		 struct node *node)
{
	CXCursor label = clang_getNullCursor();

	switch (node->kind) {
	case NODE_OTHER:
	case NODE_BLOCK:
	case NODE_IF:
	case NODE_LOOP:
	case NODE_SWITCH:
	case NODE_RETURN:
	case NODE_ASM:
		return;
	case NODE_INDEX:
		fill_type(c, cursor, node);
		return;
	case NODE_GOTO:
		clang_visitChildren(cursor, find_label, &label);
		node->name = keep(c, clang_getCursorSpelling(label));
		return;
	case NODE_BINARY:
	case NODE_UNARY:
		fill_operator(c, cursor, place, node);
		fill_type(c, cursor, node);
		if (node->type_kind == TYPE_INTEGER)
			fill_integer(cursor, node);
		return;
	case NODE_INTEGER:
		fill_integer(cursor, node);
		return;
	case NODE_LABEL:
		node->name = keep(c, clang_getCursorSpelling(cursor));
		return;
	default:
		break;
	}
	node->name = keep(c, clang_getCursorSpelling(cursor));
	fill_type(c, cursor, node);
	if (node->kind == NODE_BASE) {
		node->name = node->type;
	} else if (clang_isDeclaration(clang_getCursorKind(cursor))) {
		fill_declaration(c, cursor, node);
	} else if (node->kind == NODE_REFERENCE || node->kind == NODE_MEMBER ||
		   node->kind == NODE_CALL) {
		fill_reference(c, cursor, node);
	}
}

static enum CXChildVisitResult copy(CXCursor cursor, CXCursor parent, CXClientData data);

/* .name = value is an expression without a name whose first child refers to the field */
static void name_initialiser(CXCursor cursor, struct copier *c, struct node *node)
{
	CXCursor field = clang_getNullCursor();

	if (clang_getCursorKind(cursor) != CXCursor_UnexposedExpr)
		return;
	clang_visitChildren(cursor, first_child, &field);
	if (clang_getCursorKind(field) != CXCursor_MemberRef)
		return;
	node->kind = NODE_INIT;
	node->name = keep(c, clang_getCursorSpelling(field));
}

static uint32_t add_node(struct position *at, CXCursor cursor, const struct place *place)
{
	struct copier *c = at->copier;
	struct unit *unit = c->unit;
	struct node node = { .kind = node_kind(clang_getCursorKind(cursor)),
			     .file = place->file->index,
			     .line = place->line,
			     .column = place->column,
			     .offset = place->offset,
			     .parent = at->parent };
	uint32_t index = (uint32_t)unit->count;
	unsigned int end = 0;

	clang_getExpansionLocation(clang_getRangeEnd(clang_getCursorExtent(cursor)), NULL,
				   NULL, NULL, &end);
	node.end = end;
	if (place->macro)
		node.macro = word_at(c, place->file, place->offset);
	fill(c, cursor, place, &node);
	if (node.kind == NODE_OTHER)
		name_initialiser(cursor, c, &node);
	if (!array_grow(unit->nodes, unit->count, unit->capacity)) {
		c->error = c->error ? c->error : error_nomem();
		return 0;
	}
	unit->nodes[unit->count++] = node;
	if (at->previous)
		unit->nodes[at->previous].next = index;
	else
		unit->nodes[at->parent].child = index;
	at->previous = index;
	return index;
}

static enum CXChildVisitResult copy(CXCursor cursor, CXCursor parent, CXClientData data)
{
	struct position *at = data;
	struct copier *c = at->copier;
	struct position below = { .copier = c, .depth = at->depth + 1 };
	struct place place;

	(void)parent;
	if (c->error || at->depth > DEEPEST)
		return CXChildVisit_Break;
	place = place_of(c, clang_getCursorLocation(cursor));
	/* what a macro of a header declares for the driver has the driver's place */
	if (!place.file || place.file->index == UINT32_MAX)
		return CXChildVisit_Continue;
	below.parent = add_node(at, cursor, &place);
	if (below.parent)
		clang_visitChildren(cursor, copy, &below);
	return c->error ? CXChildVisit_Break : CXChildVisit_Continue;
}

/* A file of a package is named as its member, not as what it was unpacked to. */
static const char *shown_path(struct copier *c, const struct known_file *file,
			      const char *disk)
{
	const char *path = disk;

	pthread_mutex_lock(c->lock);
	if (file->index != UINT32_MAX)
		path = c->model->files[file->index].path;
	pthread_mutex_unlock(c->lock);
	return path;
}

static struct error *add_diagnostic(struct copier *c, CXDiagnostic diagnostic)
{
	struct unit *unit = c->unit;
	struct place place = place_of(c, clang_getDiagnosticLocation(diagnostic));
	const char *text = keep(c, clang_getDiagnosticSpelling(diagnostic));
	CXString name;

	if (!text)
		return error_nomem();
	if (place.file && place.file->index != UINT32_MAX) {
		if (!array_grow(unit->diagnostics, unit->diagnostic_count,
				unit->diagnostic_capacity))
			return error_nomem();
		unit->diagnostics[unit->diagnostic_count++] =
			(struct diagnostic){ text, place.file->index, place.line,
					     place.column };
		if (diagnostic_has_rule(text))
			return NULL;
	}
	if (unit->reason)
		return NULL;
	name = clang_getFileName(place.file ? place.file->file : NULL);
	if (place.file) {
		char reason[1024];

		snprintf(reason, sizeof(reason), "%s:%u: %s",
			 shown_path(c, place.file, clang_getCString(name)), place.line,
			 text);
		unit->reason = arena_string(unit->arena, reason);
	} else {
		unit->reason = text;
	}
	clang_disposeString(name);
	return NULL;
}

static struct error *read_diagnostics(struct copier *c)
{
	unsigned int count = clang_getNumDiagnostics(c->tu);
	struct error *error = NULL;

	for (unsigned int i = 0; !error && i < count; i++) {
		CXDiagnostic diagnostic = clang_getDiagnostic(c->tu, i);

		if (clang_getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error)
			error = add_diagnostic(c, diagnostic);
		clang_disposeDiagnostic(diagnostic);
	}
	return error;
}

bool diagnostic_has_rule(const char *text)
{
	return (!strncmp(text, "cannot cast from type", 21) && strstr(text, "::*")) ||
	       !strncmp(text, "incomplete definition of type", 29);
}

struct error *cursor_copy(CXTranslationUnit tu, struct source_model *model,
			  pthread_mutex_t *lock, struct unit *unit)
{
	struct copier c = { .tu = tu, .model = model, .lock = lock, .unit = unit };
	struct position top = { .copier = &c };
	struct error *error = NULL;

	if (!array_grow(unit->nodes, unit->count, unit->capacity))
		return error_nomem();
	unit->nodes[unit->count++] = (struct node){ 0 };
	clang_visitChildren(clang_getTranslationUnitCursor(tu), copy, &top);
	if (!c.error)
		error = read_diagnostics(&c);
	if (!c.error && !error)
		unit->status = unit->reason ? UNIT_FAILED : UNIT_PARSED;
	free(c.files);
	if (c.error) {
		error_destroy(error);
		return c.error;
	}
	return error;
}
