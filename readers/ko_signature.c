/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a module's PKCS#7 message says of itself: the digest and the issuer of the key.
 * Only the DER structure is walked (RFC 5652, SignedData); readers/trust.h verifies.
 */
#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "readers/ko.h"

struct der {
	uint8_t tag;
	struct span value;
};

enum { SEQUENCE = 0x30, SET = 0x31, INTEGER = 0x02, OID = 0x06, EXPLICIT = 0xa0 };

/* Takes the first element off @s. */
static bool der_next(struct span *s, struct der *ret)
{
	size_t header = 2, length;

	if (s->size < 2)
		return false;
	length = s->data[1];
	if (length & 0x80) {
		size_t digits = length & 0x7f;

		if (!digits || digits > 4 || s->size < 2 + digits)
			return false;
		length = 0;
		for (size_t i = 0; i < digits; i++)
			length = length << 8 | s->data[2 + i];
		header += digits;
	}
	if (length > s->size - header)
		return false;
	*ret = (struct der){ s->data[0], { s->data + header, length } };
	s->data += header + length;
	s->size -= header + length;
	return true;
}

/* Takes elements off @s up to one of @tag. */
static bool der_find(struct span *s, uint8_t tag, struct span *ret)
{
	struct der element;

	while (der_next(s, &element))
		if (element.tag == tag) {
			*ret = element.value;
			return true;
		}
	return false;
}

static void name_hash(struct span oid, char *ret, size_t size)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *name;
	} hashes[] = {
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x01", 9, "sha256" },
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9, "sha384" },
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x03", 9, "sha512" },
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x04", 9, "sha224" },
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x08", 9, "sha3-256" },
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x09", 9, "sha3-384" },
		{ "\x60\x86\x48\x01\x65\x03\x04\x02\x0a", 9, "sha3-512" },
		{ "\x2b\x0e\x03\x02\x1a", 5, "sha1" },
		{ "\x2a\x86\x48\x86\xf7\x0d\x02\x05", 8, "md5" },
		{ "\x2a\x86\x48\x86\xf7\x0d\x02\x04", 8, "md4" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(hashes); i++)
		if (oid.size == hashes[i].size &&
		    !memcmp(oid.data, hashes[i].bytes, oid.size))
			snprintf(ret, size, "%s", hashes[i].name);
}

/* Name ::= SEQUENCE of SET of SEQUENCE { type OID, value string }; CN is 2.5.4.3. */
static void name_signer(struct span name, char *ret, size_t size)
{
	struct span set;

	while (der_find(&name, SET, &set)) {
		struct span pair, type;
		struct der value;

		if (!der_find(&set, SEQUENCE, &pair) || !der_find(&pair, OID, &type) ||
		    !der_next(&pair, &value))
			continue;
		if (type.size == 3 && !memcmp(type.data, "\x55\x04\x03", 3))
			snprintf(ret, size, "%.*s",
				 (int)(value.value.size < size ? value.value.size
							       : size - 1),
				 (const char *)value.value.data);
	}
}

void ko_signature_describe(struct span pkcs7, struct ko_signature *ret)
{
	struct span s, t, signed_data, infos, info, issuer, algorithm, oid, part;
	struct der id;

	/* ContentInfo { OID, [0] SignedData } */
	if (!der_find(&pkcs7, SEQUENCE, &s) || !der_find(&s, EXPLICIT, &t) ||
	    !der_find(&t, SEQUENCE, &signed_data))
		return;
	/* SignedData { version, SET algorithms, content, …, SET signerInfos } */
	if (!der_find(&signed_data, SET, &part) || !der_find(&signed_data, SET, &infos) ||
	    !der_find(&infos, SEQUENCE, &info))
		return;
	/* SignerInfo { version, issuerAndSerial or [0] key id, SEQ digest, … } */
	if (!der_find(&info, INTEGER, &part) || !der_next(&info, &id))
		return;
	if (id.tag == SEQUENCE && der_find(&id.value, SEQUENCE, &issuer))
		name_signer(issuer, ret->signer, sizeof(ret->signer));
	if (!der_find(&info, SEQUENCE, &algorithm) || !der_find(&algorithm, OID, &oid))
		return;
	name_hash(oid, ret->hash, sizeof(ret->hash));
	ret->has_attributes = der_next(&info, &id) && id.tag == EXPLICIT;
}
