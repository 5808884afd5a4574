with campaign_members as (

    select * from {{ ref('sojourn', 'stg_salesforce__campaign_members') }}
    where quarantine_reason is null

),

campaigns as (

    select * from {{ ref('sojourn', 'stg_salesforce__campaigns') }}
    where quarantine_reason is null

),

-- A member comes again whenever it changes; its first response is the touch.
responses_ranked as (

    select
        *,
        row_number() over (
            partition by member_id
            order by first_responded_at, modified_at, loaded_at, load_id, file_path, file_line
        ) as version_rank

    from campaign_members
    where
        has_responded
        and first_responded_at is not null
        and not is_deleted

),

campaigns_ranked as (

    select
        *,
        row_number() over (
            partition by campaign_id
            order by modified_at desc, loaded_at desc, load_id desc, file_path desc, file_line desc
        ) as version_rank

    from campaigns

),

responses as (

    select
        'response:' || responses_ranked.member_id as touchpoint_key,
        'salesforce' as source,
        'campaign_response' as kind,
        case
            when responses_ranked.contact_id is not null then 'salesforce_contact_id'
            when responses_ranked.lead_id is not null then 'salesforce_lead_id'
        end as identifier_type,
        coalesce(responses_ranked.contact_id, responses_ranked.lead_id) as identifier_value,
        case lower(campaigns_ranked.campaign_type)
            when 'direct mail' then 'Direct Mail'
            when 'email' then 'Email'
            when 'telemarketing' then 'Call Center'
            when 'affiliates' then 'Affiliates'
            when 'referral program' then 'Referral'
            when 'trade show' then 'Events'
            when 'webinar' then 'Events'
            when 'conference' then 'Events'
            when 'seminar / conference' then 'Events'
            when 'event' then 'Events'
            else 'Other'
        end as channel,
        cast(null as {{ sojourn.type_string() }}) as utm_source,
        cast(null as {{ sojourn.type_string() }}) as utm_medium,
        campaigns_ranked.campaign_name as campaign,
        responses_ranked.campaign_id,
        cast(null as {{ sojourn.type_string() }}) as click_id,
        false as is_machine,
        -- Not of one load: an earlier response or the campaign's new name may come with any.
        cast(null as {{ sojourn.type_string() }}) as load_id,
        -- The response is a day. The time of the record says more, if it is of that day.
        case
            when
                cast(responses_ranked.modified_at as date)
                = cast(responses_ranked.first_responded_at as date)
                then responses_ranked.modified_at
            else responses_ranked.first_responded_at
        end as touched_at,
        responses_ranked.loaded_at

    from responses_ranked
    left join campaigns_ranked
        on
            responses_ranked.campaign_id = campaigns_ranked.campaign_id
            and campaigns_ranked.version_rank = 1
    where responses_ranked.version_rank = 1

)

select * from responses
