/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Profiles: files that hold options of `nfttracectl start` under a name, see nfttraced.profile(5).
 * They are shipped, the administrator's or the user's; of the same name the latter counts. Owned by
 * the command that reads them; one thread. A file that can't be read or is malformed is refused as
 * a whole, with one sentence.
 */
#ifndef NFTTRACED_CLIENT_INPUT_PROFILE_H
#define NFTTRACED_CLIENT_INPUT_PROFILE_H

#include <glib.h>

#include "journal/base/cleanup.h"

/* A list of directories, separated by colons, in place of the usual three: the last one counts
 * most. */
#define PROFILE_PATH_VARIABLE "NFTTRACED_PROFILE_PATH"

/*
 * A profile. Texts are valid for the option of the same name; NULL: not set.
 */
struct profile {
	char *name;
	char *path;
	char *description;
	char *filter, *limit, *rate, *burst, *size, *duration;
	GStrv verdicts, sections, probes;
	enum profile_choice {
		PROFILE_UNSAID,
		PROFILE_YES,
		PROFILE_NO,
	} stack, track;
};

/* Reads the profile of that name. -ENOENT: it does not exist; -EINVAL: it is malformed; other
 * negative errno: it can't be read. One sentence in *ret_reason. */
int profile_load(const char *name, struct profile **ret, char **ret_reason);

/* The names of all profiles, each with the path of the file that counts: two arrays of char * that
 * own them, by name. */
void profile_list(GPtrArray **ret_names, GPtrArray **ret_paths);

/* Reads one file. Errors as of profile_load. */
int profile_read(const char *path, const char *name, struct profile **ret, char **ret_reason);

/* Accepts NULL; returns NULL. */
struct profile *profile_free(struct profile *profile);

DEFINE_FREEP(profile)

#define auto_profile __attribute__((cleanup(profile_freep))) struct profile

#endif
