// The load generator for every server: blocking threads with one connection each, bodies from memory.
//
//     sender run   CONNECTIONS                                           any requests
//     sender parts CONNECTIONS ORIGIN TOKEN BYTES put|report             parts of existing uploads
//     sender files CONNECTIONS ORIGIN TOKEN BYTES put|complete PROJECT   files of one part, starting with init
//
// Tasks are lines of standard input; any free connection takes the next one:
//     run     METHOD, URL, body, headers… separated by tabs; the body is '-', 'random:BYTES' or 'text:TEXT'
//     parts   upload id and part number, separated by a space
//     files   the name of a file
//
// Prints JSON at the end: seconds from the first byte to the last, bytes, processor seconds of this process, and the
// seconds of each task. Before that, `parts` prints the upload, number and ETag of each part. Exits with 1 if a task
// fails.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "http.h"

enum { TEXT = 4 << 10, MOST_CONNECTIONS = 1024, LEAST_PART = 5 << 20 };

struct task {
    char *line;
    double seconds;
    char etag[128];
    int64_t sent, received;
};

// The state of one worker.
struct worker {
    pthread_t thread;
    struct http_connection api, data;
    struct http_response response;
};

typedef void (*action)(struct worker *, struct task *);

static struct task *tasks;
static size_t task_count;
static atomic_size_t next_task;
static pthread_barrier_t start;
static action act;
static const char *origin, *project, *last_step;
static char api_headers[512];
static int64_t body_bytes;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void read_tasks(void) {
    char *line = NULL;
    size_t room = 0, most = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        if (line[length - 1] == '\n') line[length - 1] = 0;
        if (task_count == most) {
            most = most ? most * 2 : 1024;
            tasks = realloc(tasks, most * sizeof *tasks);
            if (!tasks) fail("out of memory");
        }
        tasks[task_count++] = (struct task){.line = strdup(line)};
    }
    free(line);
    if (task_count == 0) fail("no tasks");
}

static void exchange(struct worker *worker, struct task *task, struct http_connection *connection,
                     const struct http_request *request) {
    http_exchange(connection, request, &worker->response);
    http_check(request, &worker->response);
    task->sent += request->text ? (int64_t)strlen(request->text) : request->random_bytes;
    task->received += worker->response.received;
}

static void call(struct worker *worker, struct task *task, const char *method, const char *path, const char *text) {
    struct http_request request = {.method = method, .url = path, .headers = api_headers, .text = text};
    exchange(worker, task, &worker->api, &request);
}

// The string value of a key in a JSON body.
static void find(const char *body, const char *key, char *value, size_t room) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *at = strstr(body, quoted);
    if (at) at += strlen(quoted);
    if (at) at += strspn(at, " :");
    if (!at || *at++ != '"') fail("no %s in %.300s", key, body);
    while (*at && *at != '"') {
        if (*at == '\\' && strchr("/\"\\", at[1])) at++;
        if (*at == '\\') fail("cannot read %s in %.300s", key, body);
        if (--room == 0) fail("%s is too long", key);
        *value++ = *at++;
    }
    *value = 0;
}

static void run_request(struct worker *worker, struct task *task) {
    char *fields = strdup(task->line), *rest = fields, headers[8 << 10];
    size_t used = 0;
    struct http_request request = {.headers = headers};
    request.method = strsep(&rest, "\t");
    request.url = strsep(&rest, "\t");
    const char *body = strsep(&rest, "\t"), *header;
    if (!body) fail("not a request: %s", task->line);
    if (strncmp(body, "text:", 5) == 0) request.text = body + 5;
    if (strncmp(body, "random:", 7) == 0) request.random_bytes = atoll(body + 7);
    headers[0] = 0;
    while ((header = strsep(&rest, "\t"))) {
        used += (size_t)snprintf(headers + used, sizeof headers - used, "%s\r\n", header);
        if (used >= sizeof headers) fail("the headers are too long");
    }
    exchange(worker, task, &worker->data, &request);
    free(fields);
}

static void send_part(struct worker *worker, struct task *task, const char *upload, int number) {
    char path[TEXT], url[TEXT], text[TEXT];
    snprintf(path, sizeof path, "/v2/upload/multipart/%s/part/%d", upload, number);
    call(worker, task, "GET", path, NULL);
    find(worker->response.body, "url", url, sizeof url);
    struct http_request put = {.method = "PUT", .url = url, .headers = "", .random_bytes = body_bytes};
    exchange(worker, task, &worker->data, &put);
    strcpy(task->etag, worker->response.etag);
    if (strcmp(last_step, "put") == 0) return;
    snprintf(path, sizeof path, "/v2/upload/multipart/%s/part", upload);
    snprintf(text, sizeof text, "{\"part_number\":%d,\"response\":{\"headers\":{\"ETag\":\"%s\"}}}", number,
             task->etag);
    call(worker, task, "POST", path, text);
}

static void run_part(struct worker *worker, struct task *task) {
    char upload[128];
    int number;
    if (sscanf(task->line, "%127s %d", upload, &number) != 2) fail("not a part: %s", task->line);
    send_part(worker, task, upload, number);
}

static void run_file(struct worker *worker, struct task *task) {
    char text[TEXT], path[TEXT], upload[128];
    snprintf(text, sizeof text, "{\"project\":\"%s\",\"name\":\"%s\",\"size\":%lld,\"part_size\":%lld}", project,
             task->line, (long long)body_bytes, (long long)(body_bytes < LEAST_PART ? LEAST_PART : body_bytes));
    call(worker, task, "POST", "/v2/upload/multipart", text);
    find(worker->response.body, "upload_id", upload, sizeof upload);
    send_part(worker, task, upload, 1);
    if (strcmp(last_step, "put") == 0) return;
    snprintf(path, sizeof path, "/v2/upload/multipart/%s/complete", upload);
    call(worker, task, "POST", path, "{}");
}

static void *work(void *argument) {
    struct worker *worker = argument;
    pthread_barrier_wait(&start);
    size_t index;
    while ((index = atomic_fetch_add(&next_task, 1)) < task_count) {
        double began = now();
        act(worker, &tasks[index]);
        tasks[index].seconds = now() - began;
    }
    return NULL;
}

// Connects before the clock starts; a worker of `run` connects to the host of the first request.
static void connect_all(struct worker *workers, int count) {
    for (int i = 0; i < count; i++) {
        workers[i].api.socket = workers[i].data.socket = -1;
        if (origin) {
            char url[256];
            snprintf(url, sizeof url, "%s/", origin);
            http_connect(&workers[i].api, url);
            http_connect(&workers[i].data, url);
        } else {
            char *line = strdup(tasks[0].line), *rest = line;
            strsep(&rest, "\t");
            const char *url = strsep(&rest, "\t");
            if (!url) fail("not a request: %s", tasks[0].line);
            http_connect(&workers[i].data, url);
            free(line);
        }
    }
}

static double processor_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void report(double seconds, double processor) {
    int64_t sent = 0, received = 0;
    for (size_t i = 0; i < task_count; i++) {
        sent += tasks[i].sent;
        received += tasks[i].received;
        if (act == run_part) printf("%s %s\n", tasks[i].line, tasks[i].etag);
    }
    printf("{\"seconds\": %.6f, \"sent\": %lld, \"received\": %lld, \"processor\": %.6f, \"tasks\": [", seconds,
           (long long)sent, (long long)received, processor);
    for (size_t i = 0; i < task_count; i++) printf("%s%.6f", i ? ", " : "", tasks[i].seconds);
    printf("]}\n");
}

int main(int count, char **arguments) {
    const char *mode = count > 2 ? arguments[1] : "";
    int connections = count > 2 ? atoi(arguments[2]) : 0;
    if (strcmp(mode, "run") == 0 && count == 3) {
        act = run_request;
    } else if (strcmp(mode, "parts") == 0 && count == 7) {
        act = run_part;
    } else if (strcmp(mode, "files") == 0 && count == 8) {
        act = run_file;
        project = arguments[7];
    }
    if (!act || connections < 1 || connections > MOST_CONNECTIONS) {
        fprintf(stderr, "usage: see the head of sender.c\n");
        return 2;
    }
    if (act != run_request) {
        origin = arguments[3];
        snprintf(api_headers, sizeof api_headers, "X-SBG-Auth-Token: %s\r\nContent-Type: application/json\r\n",
                 arguments[4]);
        body_bytes = atoll(arguments[5]);
        last_step = arguments[6];
    }
    read_tasks();
    http_prepare_random();
    struct worker *workers = calloc((size_t)connections, sizeof *workers);
    if (!workers) fail("out of memory");
    connect_all(workers, connections);
    pthread_barrier_init(&start, NULL, (unsigned)connections + 1);
    for (int i = 0; i < connections; i++) {
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) fail("pthread_create");
    }
    double began = now(), used = processor_seconds();
    pthread_barrier_wait(&start);
    for (int i = 0; i < connections; i++) pthread_join(workers[i].thread, NULL);
    report(now() - began, processor_seconds() - used);
    return 0;
}
