"""Reads its context the way handlers on AWS Lambda and on Alibaba Function Compute do."""

import os


def handler(event, context):
    client = context.client_context
    context.log("seen\n")
    return {
        "aws": [
            context.aws_request_id,
            context.function_name,
            context.function_version,
            context.invoked_function_arn,
            context.memory_limit_in_mb,
            context.log_group_name,
            context.log_stream_name,
            context.identity.cognito_identity_id,
            context.tenant_id,
        ],
        "client": client and [client.client.app_title, client.custom, client.env],
        "left_ms": context.get_remaining_time_in_millis(),
        "fc": [
            context.request_id,
            context.function.name,
            context.function.handler,
            context.function.memory,
            context.function.timeout,
            context.function.version,
            context.region,
            context.account_id,
            context.credentials.access_key_id,
            context.qualifier,
            context.tracing.span_context,
        ],
        "trace_id": os.environ.get("_X_AMZN_TRACE_ID"),
    }
