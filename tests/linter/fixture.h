/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixtures of rules: fixtures/ID/bad makes the rule fire, fixtures/ID/good does not.
 * Both hold sources only; what the linter looks at is made of them in a scratch folder:
 *
 *   NAME.S        becomes NAME.ko (assembled; fixtures/module.inc has the macros)
 *   fixture.json  says more, all of it optional:
 *     "lint": ["x.deb"]      what to look at, default ["."]
 *     "options": {"targets": [], "profile": "release", "manifest": "", "stablelist": "",
 *                 "includes": ["linux"] (folders of tests/linter/headers),
 *                 "sdk": "sdk" (likewise),
 *                 "signer": "", "trust": "", "page_size": 4096, "external": false,
 *                 "slow": false}
 *     "base": "kext"         copied first: fixtures lie in tests/linter/bases/kext
 *     "steps": [             done in order, after everything was assembled and copied
 *       {"write": "Info.plist", "text": "…"}
 *       {"replace": "Info.plist", "text": "from", "with": "to"}   must be there once
 *       {"folder": "Card.kext/Contents/Resources"}
 *       {"copy": "a", "to": "b"}
 *       {"executables": true}  makes NAME of every NAME.macho
 * (tests/apple/macho_writer.h); done at the end too
 *       {"patch": "a.ko", "offset": 18, "hex": "b700"}
 *       {"truncate": "a.ko", "size": 100}
 *       {"append": "a.ko", "text": "…"} or {…, "hex": "…"}
 *       {"chmod": "a.ko", "mode": "0600"}
 *       {"symlink": "a", "to": "b"}
 *       {"rename": "a.ko", "to": "b.ko"}
 *       {"remove": "a.ko"}
 *       {"compress": "a.ko", "to": "a.ko.xz"}   (xz, zst, gz by suffix)
 *       {"run": ["objcopy", "…"]}               in the scratch folder
 *       {"archive": "x.deb", "control": [MEMBER…], "members": [MEMBER…]}
 *     ]                      kind by suffix: .deb .rpm .tar .tar.xz .zip .cpio
 *     MEMBER: {"path": "./lib/a.ko", "from": "a.ko" | "text": "…" | "zeros": N |
 *              "symlink": "…" | "hardlink": "…" | "folder": true,
 *              "mode": "0644", "uid": 0, "gid": 0}
 *     "header": {…}          of an .rpm: see fixture_rpm.c
 *   anything else is copied as it is.
 */
#pragma once

#include <jansson.h>

struct error;

/* Makes @source's fixture in the empty folder @target; @json gets fixture.json. */
struct error *fixture_make(const char *source, const char *target, json_t **json);
