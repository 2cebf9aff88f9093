create table notes (
    id uuid not null,
    text text not null,
    written_at timestamptz not null,
    constraint notes_pkey primary key (id)
);
grant select, insert, update, delete on notes to {{app_system}};
