-- An address leads to one person: no two profiles have the same e-mail address. (Addresses that are
-- no identifiers, because a source's mapping does not name them so, may be shared.)

select
    profiles.email,
    count(*) as profile_count

from {{ ref('sojourn', 'profiles') }} as profiles
inner join {{ ref('sojourn', 'identifiers') }} as identifiers
    on
        identifiers.identifier_type = 'email'
        and profiles.email = identifiers.identifier_value
group by profiles.email
having count(*) > 1
