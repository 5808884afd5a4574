"""Salesforce: daily extracts of created and modified records, one file an object."""

from __future__ import annotations

from sojourn.sources.connector import Connector, Stream, standard

_AUDIT = ("CreatedDate", "LastModifiedDate", "IsDeleted")

CONNECTOR = Connector(
    name="salesforce",
    streams=(
        Stream(
            table="accounts",
            stem="Account",
            format="csv",
            columns=("Id", "Name", "Website", "Industry", "BillingCountry", *_AUDIT),
            required=("id",),
            native_key=("id",),
            standards=(standard("billing_country", "country"),),
        ),
        Stream(
            table="contacts",
            stem="Contact",
            format="csv",
            columns=(
                *("Id", "AccountId", "FirstName", "LastName", "Email", "Phone", "MobilePhone"),
                *("MailingCountry", "LeadSource", "Title", "HasOptedOutOfEmail"),
                *(*_AUDIT, "MasterRecordId"),
            ),
            required=("id",),
            native_key=("id",),
            standards=(
                standard("email", "email"),
                standard("phone", "phone", country=("mailing_country",)),
                standard("mobile_phone", "phone", country=("mailing_country",)),
                standard("first_name", "first_name"),
                standard("last_name", "last_name"),
                standard("mailing_country", "country"),
            ),
        ),
        Stream(
            table="leads",
            stem="Lead",
            format="csv",
            columns=(
                *("Id", "FirstName", "LastName", "Company", "Email", "Phone", "Country"),
                *("LeadSource", "Status", "IsConverted", "ConvertedDate", "ConvertedAccountId"),
                *("ConvertedContactId", "ConvertedOpportunityId", *_AUDIT),
            ),
            required=("id",),
            native_key=("id",),
            standards=(
                standard("email", "email"),
                standard("phone", "phone", country=("country",)),
                standard("first_name", "first_name"),
                standard("last_name", "last_name"),
                standard("country", "country"),
            ),
        ),
        Stream(
            table="opportunities",
            stem="Opportunity",
            format="csv",
            columns=(
                *("Id", "AccountId", "Name", "StageName", "Amount", "CurrencyIsoCode"),
                *("CloseDate", "IsClosed", "IsWon", "Type", "LeadSource", "CampaignId", *_AUDIT),
            ),
            required=("id",),
            native_key=("id",),
        ),
        Stream(
            table="opportunity_contact_roles",
            stem="OpportunityContactRole",
            format="csv",
            columns=("Id", "OpportunityId", "ContactId", "Role", "IsPrimary", *_AUDIT),
            required=("id", "opportunity_id", "contact_id"),
            native_key=("id",),
        ),
        Stream(
            table="campaigns",
            stem="Campaign",
            format="csv",
            columns=(
                *("Id", "Name", "Type", "Status", "StartDate", "EndDate", "IsActive"),
                *("BudgetedCost", "ActualCost", *_AUDIT),
            ),
            required=("id",),
            native_key=("id",),
        ),
        Stream(
            table="campaign_members",
            stem="CampaignMember",
            format="csv",
            columns=(
                *("Id", "CampaignId", "LeadId", "ContactId", "Status", "HasResponded"),
                *("FirstRespondedDate", *_AUDIT),
            ),
            required=("id", "campaign_id"),
            native_key=("id",),
        ),
    ),
)
