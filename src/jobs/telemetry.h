#pragma once
// Inside the library: how a trace travels with a job: bullmq's `tm` option, which holds the W3C headers as JSON, as bullmq-otel
// writes it, so that our jobs and Node's continue each other's traces.
//
//     carry_trace(job.options, "mail", span);              // by whoever adds the job; span may be null
//     auto trace = trace_of(record, "mail", tracer);       // by the worker; null: there is none

#include <memory>
#include <string_view>

#include "jobs/job_record.h"
#include "observe/span.h"

namespace jobs::detail {

// The job becomes a child of a span of its own, "create QUEUE", under `parent`. Left alone: options that name a trace, or that say
// omit_context.
void carry_trace(JobOptions& options, std::string_view queue, const observe::SpanContext* parent);

// The span of one run, "process QUEUE". What another producer wrote and cannot be read counts as nothing.
[[nodiscard]] std::unique_ptr<observe::EntrySpan> trace_of(const JobRecord& job, std::string_view queue,
                                                           observe::Tracer* tracer);

}  // namespace jobs::detail
