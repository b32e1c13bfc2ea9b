/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "linter/classify.h"

#include <fnmatch.h>
#include <string.h>

#include "common/array.h"

/* The first pattern that matches the last component; with "/", the whole path. */
static const struct pattern {
	const char *glob;
	struct member_class class;
} patterns[] = {
	{ ".DS_Store", { "Finder's view settings", SHIP_JUNK } },
	{ "._*", { "resource fork of another file", SHIP_JUNK } },
	{ "__MACOSX", { "resource forks of an archive", SHIP_JUNK } },
	{ "Thumbs.db", { "Explorer's thumbnails", SHIP_JUNK } },
	{ "desktop.ini", { "Explorer's view settings", SHIP_JUNK } },
	{ "*~", { "editor backup", SHIP_JUNK } },
	{ "#*#", { "editor autosave", SHIP_JUNK } },
	{ ".#*", { "editor lock", SHIP_JUNK } },
	{ "*.sw[op]", { "editor swap file", SHIP_JUNK } },
	{ "*.bak", { "backup", SHIP_JUNK } },
	{ "*.orig", { "file before a patch or merge", SHIP_JUNK } },
	{ "*.rej", { "rejected part of a patch", SHIP_JUNK } },
	{ "*.crash", { "crash log", SHIP_JUNK } },
	{ "*.panic", { "panic log", SHIP_JUNK } },
	{ "*.stackdump", { "crash log", SHIP_JUNK } },
	{ "*.hang", { "hang log", SHIP_JUNK } },
	{ "*.spin", { "hang log", SHIP_JUNK } },
	{ "gdb.txt", { "debugger log", SHIP_JUNK } },
	{ "*.backtrace", { "debugger backtrace", SHIP_JUNK } },
	{ "vmcore", { "kernel dump", SHIP_JUNK } },
	{ "core.[0-9]*", { "core dump", SHIP_JUNK } },
	{ "nohup.out", { "terminal log", SHIP_JUNK } },

	{ "*lib/modules/*/modules.order", { "module index", SHIP_YES } },
	{ "*usr/share/doc/*", { "document", SHIP_YES } },
	{ ".git", { "version control", SHIP_LEFTOVER } },
	{ ".git/*", { "version control", SHIP_LEFTOVER } },
	{ ".gitignore", { "version control", SHIP_LEFTOVER } },
	{ ".gitattributes", { "version control", SHIP_LEFTOVER } },
	{ ".gitmodules", { "version control", SHIP_LEFTOVER } },
	{ ".svn", { "version control", SHIP_LEFTOVER } },
	{ ".hg", { "version control", SHIP_LEFTOVER } },
	{ ".bzr", { "version control", SHIP_LEFTOVER } },
	{ "CVS", { "version control", SHIP_LEFTOVER } },
	{ "*.mod.c", { "build leftover", SHIP_LEFTOVER } },
	{ "*.mod", { "build leftover", SHIP_LEFTOVER } },
	{ "*.o", { "object file", SHIP_LEFTOVER } },
	{ "*.o.d", { "build leftover", SHIP_LEFTOVER } },
	{ ".*.cmd", { "build leftover", SHIP_LEFTOVER } },
	{ ".tmp_versions", { "build leftover", SHIP_LEFTOVER } },
	{ "modules.order", { "build leftover", SHIP_LEFTOVER } },
	{ "Module.symvers", { "build leftover", SHIP_LEFTOVER } },
	{ "*.ko.unsigned", { "module before signing", SHIP_LEFTOVER } },
	{ "*.ko.unstripped", { "module before stripping", SHIP_LEFTOVER } },
	{ "xcuserdata", { "settings of one developer", SHIP_LEFTOVER } },
	{ "*.pbxuser", { "settings of one developer", SHIP_LEFTOVER } },
	{ "*.xcodeproj", { "build project", SHIP_LEFTOVER } },

	{ "*.ko", { "module", SHIP_YES } },
	{ "*.ko.xz", { "module, xz", SHIP_YES } },
	{ "*.ko.zst", { "module, zstd", SHIP_YES } },
	{ "*.ko.gz", { "module, gzip", SHIP_YES } },
	{ "*.ko.debug", { "debug file", SHIP_YES } },
	{ "*.debug", { "debug file", SHIP_YES } },
	{ "dkms.conf", { "dkms.conf", SHIP_YES } },
	{ "*.dSYM", { "debug symbols", SHIP_LEFTOVER } },
	{ "*Contents/MacOS/*", { "executable", SHIP_YES } },
	{ "*_CodeSignature/*", { "code signature", SHIP_YES } },
	{ "PkgInfo", { "bundle type", SHIP_YES } },
	{ "*.kext", { "kernel extension", SHIP_YES } },
	{ "*.dext", { "driver extension", SHIP_YES } },
	{ "*Contents/Resources/*.nib", { "interface file", SHIP_YES } },
	{ "*.icns", { "icon", SHIP_YES } },
	{ "PackageInfo", { "installer data", SHIP_YES } },
	{ "Distribution", { "installer data", SHIP_YES } },
	{ "Bom", { "installer data", SHIP_YES } },
	{ "preinstall", { "install script", SHIP_YES } },
	{ "postinstall", { "install script", SHIP_YES } },
	{ "preflight", { "install script", SHIP_YES } },
	{ "postflight", { "install script", SHIP_YES } },
	{ "Info.plist", { "property list", SHIP_YES } },
	{ "*.plist", { "property list", SHIP_YES } },
	{ "*.strings", { "localised strings", SHIP_YES } },
	{ "DEBIAN/control", { "control file", SHIP_YES } },
	{ "DEBIAN/p*inst", { "install script", SHIP_YES } },
	{ "DEBIAN/p*rm", { "removal script", SHIP_YES } },
	{ "DEBIAN/*", { "control data", SHIP_YES } },
	{ "*lib/firmware/*", { "firmware", SHIP_YES } },
	{ "*etc/modprobe.d/*", { "modprobe settings", SHIP_YES } },
	{ "*lib/modprobe.d/*", { "modprobe settings", SHIP_YES } },
	{ "*lib/modules-load.d/*", { "load at boot", SHIP_YES } },
	{ "*etc/depmod.d/*", { "depmod settings", SHIP_YES } },
	{ "*udev/rules.d/*", { "device rules", SHIP_YES } },
	{ "*usr/include/*", { "interface header", SHIP_YES } },
	{ "*usr/share/man/*", { "manual page", SHIP_YES } },
	{ "*usr/share/lintian/*", { "lintian overrides", SHIP_YES } },
	{ "*.so", { "library", SHIP_YES } },
	{ "*.so.[0-9]*", { "library", SHIP_YES } },
	{ "modules.*", { "module index", SHIP_YES } },

	{ "*.[chS]", { "source", SHIP_SOURCE } },
	{ "*.cpp", { "source", SHIP_SOURCE } },
	{ "*.cc", { "source", SHIP_SOURCE } },
	{ "*.hpp", { "source", SHIP_SOURCE } },
	{ "*.mm", { "source", SHIP_SOURCE } },
	{ "*.rs", { "source", SHIP_SOURCE } },
	{ "Makefile", { "build file", SHIP_SOURCE } },
	{ "Kbuild", { "build file", SHIP_SOURCE } },
	{ "Kconfig", { "build file", SHIP_SOURCE } },
	{ "*.mk", { "build file", SHIP_SOURCE } },
	{ "*.patch", { "patch", SHIP_SOURCE } },

	{ "README*", { "document", SHIP_YES } },
	{ "COPYING*", { "licence", SHIP_YES } },
	{ "LICENSE*", { "licence", SHIP_YES } },
	{ "copyright", { "licence", SHIP_YES } },
	{ "changelog*", { "changelog", SHIP_YES } },
	{ "*.sh", { "script", SHIP_YES } },
	{ "*.service", { "service unit", SHIP_YES } },
};

const struct member_class *member_classify(const struct member *member)
{
	static const struct member_class folder = { "folder", SHIP_YES },
					 link = { "link", SHIP_YES },
					 other = { "other", SHIP_YES },
					 special = { "special file", SHIP_YES };

	for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++) {
		const char *glob = patterns[i].glob;
		const struct member_class *class = &patterns[i].class;
		const char *text =
			strchr(glob, '/') ? member->path : path_base(member->path);

		/* a folder is only told for what its own name says */
		if (member->kind == MEMBER_FOLDER && class->ship == SHIP_YES)
			continue;
		if (!fnmatch(glob, text, 0))
			return class;
	}
	return member->kind == MEMBER_FOLDER  ? &folder
	       : member->kind == MEMBER_LINK  ? &link
	       : member->kind == MEMBER_OTHER ? &special
					      : &other;
}

const char *ship_name(enum ship ship)
{
	static const char *const names[] = { "may ship", "junk", "leftover", "source" };

	return names[ship];
}
