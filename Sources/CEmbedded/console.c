#include "cembedded.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// A macro cannot contain a preprocessor directive such as #embed, so each file takes three lines.
#define FILE(path) {path, (const uint8_t[]){
#define END , 0}},

static const CEmbeddedText files[] = {
    FILE("api/calls.js")
#embed "console/api/calls.js"
    END
    FILE("api/client.js")
#embed "console/api/client.js"
    END
    FILE("api/network.js")
#embed "console/api/network.js"
    END
    FILE("api/uploads.js")
#embed "console/api/uploads.js"
    END
    FILE("drop.html")
#embed "console/drop.html"
    END
    FILE("drop.js")
#embed "console/drop.js"
    END
    FILE("favicon.svg")
#embed "console/favicon.svg"
    END
    FILE("index.html")
#embed "console/index.html"
    END
    FILE("main.js")
#embed "console/main.js"
    END
    FILE("routes.js")
#embed "console/routes.js"
    END
    FILE("session.js")
#embed "console/session.js"
    END
    FILE("strings.js")
#embed "console/strings.js"
    END
    FILE("strings/files.js")
#embed "console/strings/files.js"
    END
    FILE("strings/uploads.js")
#embed "console/strings/uploads.js"
    END
    FILE("strings/webhooks.js")
#embed "console/strings/webhooks.js"
    END
    FILE("style.css")
#embed "console/style.css"
    END
    FILE("ui/choose.js")
#embed "console/ui/choose.js"
    END
    FILE("ui/dialog.js")
#embed "console/ui/dialog.js"
    END
    FILE("ui/dom.js")
#embed "console/ui/dom.js"
    END
    FILE("ui/format.js")
#embed "console/ui/format.js"
    END
    FILE("ui/menu.js")
#embed "console/ui/menu.js"
    END
    FILE("ui/progress.js")
#embed "console/ui/progress.js"
    END
    FILE("ui/snippet.js")
#embed "console/ui/snippet.js"
    END
    FILE("ui/theme.js")
#embed "console/ui/theme.js"
    END
    FILE("ui/toast.js")
#embed "console/ui/toast.js"
    END
    FILE("ui/virtual-list.js")
#embed "console/ui/virtual-list.js"
    END
    FILE("upload/crc-worker.js")
#embed "console/upload/crc-worker.js"
    END
    FILE("upload/crc64.js")
#embed "console/upload/crc64.js"
    END
    FILE("upload/endings.js")
#embed "console/upload/endings.js"
    END
    FILE("upload/file-rules.js")
#embed "console/upload/file-rules.js"
    END
    FILE("upload/file-upload.js")
#embed "console/upload/file-upload.js"
    END
    FILE("upload/folders.js")
#embed "console/upload/folders.js"
    END
    FILE("upload/hasher.js")
#embed "console/upload/hasher.js"
    END
    FILE("upload/item.js")
#embed "console/upload/item.js"
    END
    FILE("upload/journal.js")
#embed "console/upload/journal.js"
    END
    FILE("upload/lock.js")
#embed "console/upload/lock.js"
    END
    FILE("upload/manifest.js")
#embed "console/upload/manifest.js"
    END
    FILE("upload/notifier.js")
#embed "console/upload/notifier.js"
    END
    FILE("upload/part-urls.js")
#embed "console/upload/part-urls.js"
    END
    FILE("upload/parts.js")
#embed "console/upload/parts.js"
    END
    FILE("upload/permits.js")
#embed "console/upload/permits.js"
    END
    FILE("upload/plan.js")
#embed "console/upload/plan.js"
    END
    FILE("upload/problems.js")
#embed "console/upload/problems.js"
    END
    FILE("upload/put.js")
#embed "console/upload/put.js"
    END
    FILE("upload/queue.js")
#embed "console/upload/queue.js"
    END
    FILE("upload/reporter.js")
#embed "console/upload/reporter.js"
    END
    FILE("upload/restore.js")
#embed "console/upload/restore.js"
    END
    FILE("upload/selection.js")
#embed "console/upload/selection.js"
    END
    FILE("upload/strings.js")
#embed "console/upload/strings.js"
    END
    FILE("upload/tabs.js")
#embed "console/upload/tabs.js"
    END
    FILE("upload/totals.js")
#embed "console/upload/totals.js"
    END
    FILE("views.css")
#embed "console/views.css"
    END
    FILE("views/account.js")
#embed "console/views/account.js"
    END
    FILE("views/file-actions.js")
#embed "console/views/file-actions.js"
    END
    FILE("views/file-details.js")
#embed "console/views/file-details.js"
    END
    FILE("views/files.js")
#embed "console/views/files.js"
    END
    FILE("views/folder-listing.js")
#embed "console/views/folder-listing.js"
    END
    FILE("views/folder-picker.js")
#embed "console/views/folder-picker.js"
    END
    FILE("views/folder-rows.js")
#embed "console/views/folder-rows.js"
    END
    FILE("views/labels-editor.js")
#embed "console/views/labels-editor.js"
    END
    FILE("views/link-form.js")
#embed "console/views/link-form.js"
    END
    FILE("views/links.js")
#embed "console/views/links.js"
    END
    FILE("views/members.js")
#embed "console/views/members.js"
    END
    FILE("views/open-uploads.js")
#embed "console/views/open-uploads.js"
    END
    FILE("views/preview.js")
#embed "console/views/preview.js"
    END
    FILE("views/project-head.js")
#embed "console/views/project-head.js"
    END
    FILE("views/project-settings.js")
#embed "console/views/project-settings.js"
    END
    FILE("views/projects.js")
#embed "console/views/projects.js"
    END
    FILE("views/server.js")
#embed "console/views/server.js"
    END
    FILE("views/shell.js")
#embed "console/views/shell.js"
    END
    FILE("views/sign-in.js")
#embed "console/views/sign-in.js"
    END
    FILE("views/tokens.js")
#embed "console/views/tokens.js"
    END
    FILE("views/transfer-panel.js")
#embed "console/views/transfer-panel.js"
    END
    FILE("views/transfers.js")
#embed "console/views/transfers.js"
    END
    FILE("views/upload-dialog.js")
#embed "console/views/upload-dialog.js"
    END
    FILE("views/webhook-attempts.js")
#embed "console/views/webhook-attempts.js"
    END
    FILE("views/webhook-form.js")
#embed "console/views/webhook-form.js"
    END
    FILE("views/webhooks.js")
#embed "console/views/webhooks.js"
    END
};

const CEmbeddedTexts cembedded_console = {files, sizeof files / sizeof files[0]};
