// The baseline: only receives and writes. One thread per connection, recv of 1 MiB, pwrite, no checksum.
//
//     sink PORT FOLDER [preallocate] [sync]
//
// PUT /NAME with a Content-Length returns 200 when the bytes are in FOLDER/NAME. With `preallocate`, the file gets its
// space before the first byte is written; with `sync`, the bytes are durable before the response.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 1 << 20, HEAD = 16 << 10 };

static int folder, preallocates, syncs;

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
    exit(1);
}

// Reads one request into its file. Returns 0 if the client has disconnected.
static int serve_one(int client, char *chunk) {
    size_t have = 0;
    char *end = NULL;
    while (!end) {
        ssize_t count = recv(client, chunk + have, CHUNK - have, 0);
        if (count <= 0) return 0;
        have += (size_t)count;
        end = memmem(chunk, have, "\r\n\r\n", 4);
        if (!end && have >= HEAD) return 0;
    }
    *end = 0;
    end += 4;
    char name[256];
    const char *length = strcasestr(chunk, "\r\nContent-Length:");
    if (sscanf(chunk, "PUT /%255[A-Za-z0-9_-] HTTP/1.1", name) != 1 || !length) return 0;
    int64_t rest = strtoll(length + 17, NULL, 10), offset = 0;
    int file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) fail(name);
    if (preallocates && fallocate(file, 0, 0, rest) != 0) fail("fallocate");
    char *bytes = end;
    ssize_t count = chunk + have - end;
    while (1) {
        for (ssize_t written = 0; written < count;) {
            ssize_t done = pwrite(file, bytes + written, (size_t)(count - written), offset);
            if (done < 0) fail("pwrite");
            written += done;
            offset += done;
        }
        rest -= count;
        if (rest <= 0) break;
        bytes = chunk;
        count = recv(client, chunk, rest < CHUNK ? (size_t)rest : CHUNK, 0);
        if (count <= 0) break;
    }
    if (syncs && fdatasync(file) != 0) fail("fdatasync");
    close(file);
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    return rest == 0 && send(client, answer, sizeof answer - 1, MSG_NOSIGNAL) == sizeof answer - 1;
}

static void *serve(void *argument) {
    int client = (int)(intptr_t)argument, yes = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    char *chunk = malloc(CHUNK);
    if (!chunk) fail("malloc");
    while (serve_one(client, chunk)) continue;
    free(chunk);
    close(client);
    return NULL;
}

int main(int count, char **arguments) {
    for (int index = 3; index < count; index++) {
        preallocates |= strcmp(arguments[index], "preallocate") == 0;
        syncs |= strcmp(arguments[index], "sync") == 0;
    }
    if (count != 3 + preallocates + syncs) {
        fprintf(stderr, "usage: sink PORT FOLDER [preallocate] [sync]\n");
        return 2;
    }
    folder = open(arguments[2], O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) fail(arguments[2]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 128) < 0) fail("bind");
    while (1) {
        int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;
        if (client < 0) fail("accept");
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)client) != 0) fail("pthread_create");
        pthread_detach(thread);
    }
}
