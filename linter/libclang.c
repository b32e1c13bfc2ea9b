/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libclang's functions under their own names, each forwarded to the library, which is
 * opened when the first of them is called: it and LLVM take longer to load than a module
 * takes to be looked at, and most runs look at no source. The compiler holds the types
 * here against clang-c/Index.h; a function that is used and does not stand here is an
 * undefined reference when bookend-lint is linked.
 */
#include "linter/libclang.h"

#include <clang-c/Index.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void *library; /* written once */

static void open_library(void)
{
	library = dlopen(LIBCLANG, RTLD_NOW | RTLD_LOCAL);
}

bool libclang_open(void)
{
	pthread_once(&once, open_library);
	return library;
}

/* Whoever calls a function of the library has asked libclang_open() before. */
static void *find(const char *name)
{
	void *function = libclang_open() ? dlsym(library, name) : NULL;

	if (!function)
		abort();
	return function;
}

#define FORWARD(type, name, parameters, ...)                                        \
	type name parameters                                                        \
	{                                                                           \
		static __typeof__(&name) function; /* the same whoever writes it */ \
                                                                                    \
		if (!__atomic_load_n(&function, __ATOMIC_RELAXED))                  \
			__atomic_store_n(&function, find(#name), __ATOMIC_RELAXED); \
		return __atomic_load_n(&function, __ATOMIC_RELAXED)(__VA_ARGS__);   \
	}

FORWARD(CXEvalResult, clang_Cursor_Evaluate, (CXCursor a0), a0)
FORWARD(enum CX_StorageClass, clang_Cursor_getStorageClass, (CXCursor a0), a0)
FORWARD(CXString, clang_Cursor_getMangling, (CXCursor a0), a0)
FORWARD(unsigned, clang_Cursor_isBitField, (CXCursor a0), a0)
FORWARD(int, clang_Cursor_isNull, (CXCursor a0), a0)
FORWARD(void, clang_EvalResult_dispose, (CXEvalResult a0), a0)
FORWARD(long long, clang_EvalResult_getAsLongLong, (CXEvalResult a0), a0)
FORWARD(CXEvalResultKind, clang_EvalResult_getKind, (CXEvalResult a0), a0)
FORWARD(long long, clang_Type_getAlignOf, (CXType a0), a0)
FORWARD(long long, clang_Type_getSizeOf, (CXType a0), a0)
FORWARD(unsigned, clang_Type_visitFields, (CXType a0, CXFieldVisitor a1, CXClientData a2),
	a0, a1, a2)
FORWARD(CXIndex, clang_createIndex, (int a0, int a1), a0, a1)
FORWARD(void, clang_disposeCXPlatformAvailability, (CXPlatformAvailability * a0), a0)
FORWARD(void, clang_disposeDiagnostic, (CXDiagnostic a0), a0)
FORWARD(void, clang_disposeIndex, (CXIndex a0), a0)
FORWARD(void, clang_disposeString, (CXString a0), a0)
FORWARD(void, clang_disposeTranslationUnit, (CXTranslationUnit a0), a0)
FORWARD(CXType, clang_getArrayElementType, (CXType a0), a0)
FORWARD(long long, clang_getArraySize, (CXType a0), a0)
FORWARD(const char *, clang_getCString, (CXString a0), a0)
FORWARD(CXType, clang_getCanonicalType, (CXType a0), a0)
FORWARD(CXCursor, clang_getCursorDefinition, (CXCursor a0), a0)
FORWARD(CXSourceRange, clang_getCursorExtent, (CXCursor a0), a0)
FORWARD(enum CXCursorKind, clang_getCursorKind, (CXCursor a0), a0)
FORWARD(int, clang_getCursorPlatformAvailability,
	(CXCursor a0, int *a1, CXString *a2, int *a3, CXString *a4,
	 CXPlatformAvailability *a5, int a6),
	a0, a1, a2, a3, a4, a5, a6)
FORWARD(CXSourceLocation, clang_getCursorLocation, (CXCursor a0), a0)
FORWARD(CXCursor, clang_getCursorReferenced, (CXCursor a0), a0)
FORWARD(CXCursor, clang_getCursorSemanticParent, (CXCursor a0), a0)
FORWARD(CXString, clang_getCursorSpelling, (CXCursor a0), a0)
FORWARD(CXType, clang_getCursorType, (CXCursor a0), a0)
FORWARD(CXDiagnostic, clang_getDiagnostic, (CXTranslationUnit a0, unsigned a1), a0, a1)
FORWARD(CXSourceLocation, clang_getDiagnosticLocation, (CXDiagnostic a0), a0)
FORWARD(enum CXDiagnosticSeverity, clang_getDiagnosticSeverity, (CXDiagnostic a0), a0)
FORWARD(CXString, clang_getDiagnosticSpelling, (CXDiagnostic a0), a0)
FORWARD(long long, clang_getEnumConstantDeclValue, (CXCursor a0), a0)
FORWARD(void, clang_getExpansionLocation,
	(CXSourceLocation a0, CXFile *a1, unsigned *a2, unsigned *a3, unsigned *a4), a0,
	a1, a2, a3, a4)
FORWARD(const char *, clang_getFileContents,
	(CXTranslationUnit a0, CXFile a1, size_t *a2), a0, a1, a2)
FORWARD(CXString, clang_getFileName, (CXFile a0), a0)
FORWARD(CXCursor, clang_getNullCursor, (void), )
FORWARD(unsigned, clang_getNumDiagnostics, (CXTranslationUnit a0), a0)
FORWARD(CXType, clang_getPointeeType, (CXType a0), a0)
FORWARD(CXSourceLocation, clang_getRangeEnd, (CXSourceRange a0), a0)
FORWARD(void, clang_getSpellingLocation,
	(CXSourceLocation a0, CXFile *a1, unsigned *a2, unsigned *a3, unsigned *a4), a0,
	a1, a2, a3, a4)
FORWARD(CXCursor, clang_getTranslationUnitCursor, (CXTranslationUnit a0), a0)
FORWARD(CXCursor, clang_getTypeDeclaration, (CXType a0), a0)
FORWARD(CXString, clang_getTypeSpelling, (CXType a0), a0)
FORWARD(unsigned, clang_isCursorDefinition, (CXCursor a0), a0)
FORWARD(unsigned, clang_isDeclaration, (enum CXCursorKind a0), a0)
FORWARD(enum CXErrorCode, clang_parseTranslationUnit2,
	(CXIndex a0, const char *a1, const char *const *a2, int a3,
	 struct CXUnsavedFile *a4, unsigned a5, unsigned a6, CXTranslationUnit *a7),
	a0, a1, a2, a3, a4, a5, a6, a7)
FORWARD(unsigned, clang_visitChildren, (CXCursor a0, CXCursorVisitor a1, CXClientData a2),
	a0, a1, a2)
