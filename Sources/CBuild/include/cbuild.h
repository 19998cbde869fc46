#ifndef CBUILD_H
#define CBUILD_H

/// The commit from which the programs are built; empty if it is unknown.
extern const char *_Nonnull const cbuild_commit;

#endif
